-- Grain: one row a reaction of a lead (a received e-mail, an event of a webhook, a lead's counter) with the
-- message it is to: that of the same step, else the last one sent before it in the same campaign.
with reactions as (

    select
        account,
        id || ':replied' as id,
        campaign_id,
        lead_key,
        step_number,
        'replied' as event_type,
        occurred_at,
        cast(1 as bigint) as event_count,
        first_loaded_at,
        loaded_at,
        _dlt_load_id
    from {{ ref('stg_instantly__received') }}
    union all
    select
        account,
        'webhook:' || id as id,
        campaign_id,
        lead_key,
        step_number,
        case event_type
            when 'email_opened' then 'opened'
            when 'email_bounced' then 'bounced'
            when 'lead_unsubscribed' then 'unsubscribed'
            else 'clicked'
        end as event_type,
        occurred_at,
        cast(1 as bigint) as event_count,
        first_loaded_at,
        loaded_at,
        _dlt_load_id
    from {{ ref('stg_instantly__told_events') }}
    where lead_key is not null
        and event_type in (
            'email_opened', 'link_clicked', 'email_link_clicked', 'email_bounced', 'lead_unsubscribed'
        )
    union all
    select * from {{ ref('stg_instantly__lead_reactions') }}

),

candidates as (

    select
        reactions.*,
        messages.id as message_id,
        row_number() over (
            partition by reactions.account, reactions.id
            order by
                case when messages.step_number = reactions.step_number then 0 else 1 end,
                case when messages.sent_at <= reactions.occurred_at then 0 else 1 end,
                messages.sent_at desc,
                messages.id
        ) as nearness
    from reactions
    inner join {{ ref('stg_instantly__messages') }} as messages
        on reactions.account = messages.account
        and reactions.lead_key = messages.lead_key
        and coalesce(reactions.campaign_id, '') = coalesce(messages.campaign_id, '')

)

select
    account,
    id,
    message_id,
    event_type,
    occurred_at,
    event_count,
    first_loaded_at,
    loaded_at,
    _dlt_load_id
from candidates
where nearness = 1
