-- Grain: one row a meeting or deal that follows a touch: the campaign it is credited to, which is the one that
-- last touched its lead, for the same client, before it began; calls of the client's own belong to none.
with results as (

    select
        'meeting' as kind,
        meeting_id as result_id,
        lead_id,
        client_id,
        booked_at as began_at
    from {{ ref('meetings') }}
    where deleted_at is null and lead_id is not null
    union all
    select
        'deal' as kind,
        deal_id as result_id,
        lead_id,
        client_id,
        created_at as began_at
    from {{ ref('deals') }}
    where deleted_at is null and lead_id is not null

),

candidates as (

    select
        results.*,
        messages.message_id,
        messages.campaign_id,
        row_number() over (
            partition by results.kind, results.result_id
            order by
                case when messages.campaign_id is null then 1 else 0 end,
                messages.sent_at desc,
                messages.message_id
        ) as nearness
    from results
    inner join {{ ref('messages') }} as messages
        on results.lead_id = messages.lead_id and results.client_id = messages.client_id
        and messages.sent_at <= results.began_at

)

select
    kind,
    result_id,
    lead_id,
    client_id,
    campaign_id,
    message_id,
    began_at
from candidates
where nearness = 1
