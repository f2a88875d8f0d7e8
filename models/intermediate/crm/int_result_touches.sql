-- Every outbound message before a meeting was booked or a deal opened, to the same lead for the same client. A
-- message of a campaign takes credit; one of none, such as a call that a CRM logs, only where nothing else was sent.
with results as (

    select
        'meeting' as kind,
        {{ key('meeting', ['source', 'account', 'id']) }} as result_id,
        {{ client_key('client') }} as client_id,
        lead_key,
        booked_at as began_at,
        is_deleted,
        first_loaded_at,
        loaded_at
    from {{ ref('int_meetings') }}
    union all
    select
        'deal' as kind,
        {{ key('deal', ['source', 'account', 'id']) }} as result_id,
        {{ client_key('client') }} as client_id,
        lead_key,
        created_at as began_at,
        is_deleted,
        first_loaded_at,
        loaded_at
    from {{ ref('int_deals') }}

),

touches as (

    select
        results.kind,
        results.result_id,
        results.client_id,
        lead_keys.lead_id,
        results.began_at,
        coalesce(results.is_deleted, false) as is_deleted,
        greatest(results.first_loaded_at, messages.first_loaded_at) as first_loaded_at,
        greatest(results.loaded_at, messages.updated_at) as updated_at,
        messages.message_id,
        messages.campaign_id,
        messages.channel,
        messages.template_id,
        messages.step_number,
        messages.sent_at,
        count(messages.campaign_id) over (partition by results.kind, results.result_id)
            as campaign_touch_count
    from results
    inner join {{ ref('lead_keys') }} as lead_keys on results.lead_key = lead_keys.person_key
    inner join {{ ref('int_sent_messages') }} as messages
        on lead_keys.lead_id = messages.lead_id
        and results.client_id = messages.client_id
        and messages.sent_at < results.began_at

)

select
    touches.*,
    (touches.campaign_id is not null or touches.campaign_touch_count = 0) as takes_credit
from touches
