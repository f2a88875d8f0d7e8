-- Grain: one row an event on a message that a webhook told of, with that message: the one it names, else the one
-- of its step to the lead, else the last one sent before it in the same campaign.
with events as (

    select
        *,
        event_type as provider_event,
        coalesce(occurred_at, received_at) as happened_at,
        case event_type
            when 'EMAIL_OPEN' then 'opened'
            when 'EMAIL_LINK_CLICK' then 'clicked'
            when 'EMAIL_REPLY' then 'replied'
            when 'EMAIL_BOUNCE' then 'bounced'
            when 'LEAD_UNSUBSCRIBED' then 'unsubscribed'
        end as kind
    from ({{ first_receipts('smartlead') }}) as receipts

),

told as (

    select * from events
    where kind is not null and happened_at is not null

),

candidates as (

    select
        told.account,
        told.id,
        statistics.id as message_id,
        row_number() over (
            partition by told.account, told.id
            order by
                case when statistics.step_number = told.step_number then 0 else 1 end,
                case when told.kind = 'unsubscribed' and statistics.is_unsubscribed then 0 else 1 end,
                case when statistics.sent_time <= told.happened_at then 0 else 1 end,
                statistics.sent_time desc nulls last,
                statistics.id
        ) as nearness
    from told
    inner join {{ source('raw_smartlead', 'statistics') }} as statistics
        on told.account = statistics.account
        and told.campaign_id = statistics.campaign_id
        and told.lead_key = statistics.lead_key
    where told.message_id is null
        and statistics._dlt_valid_to is null
        and statistics.sent_time is not null

)

select
    told.account,
    told.id,
    coalesce(told.message_id, candidates.message_id) as message_id,
    told.kind as event_type,
    told.provider_event,
    told.happened_at as occurred_at,
    told.campaign_id,
    told.provider_client_id,
    told.lead_key,
    told.reply_id,
    told.from_email,
    told.subject,
    told.body,
    told.url,
    case
        when told.kind = 'bounced' and lower(told.bounce_type) in ('hard', 'soft')
            then lower(told.bounce_type)
    end as bounce_type,
    told.first_loaded_at,
    told.loaded_at,
    told._dlt_load_id
from told
left join candidates
    on told.account = candidates.account and told.id = candidates.id and candidates.nearness = 1
