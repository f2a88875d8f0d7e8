-- Grain: one row an event that a webhook told of, with the e-mail it is about: that of its step, which the webhook
-- of its sending names, else the last one that the sequence sent to the contact before it.
with receipts as (

    {{ first_receipts('salesforge') }}

),

told as (

    select
        *,
        event_type as provider_event,
        coalesce(occurred_at, received_at) as happened_at,
        case event_type
            when 'email_opened' then 'opened'
            when 'link_clicked' then 'clicked'
            when 'email_replied' then 'replied'
            when 'email_bounced' then 'bounced'
            when 'contact_unsubscribed' then 'unsubscribed'
        end as kind
    from receipts
    where event_type in (
            'email_opened', 'link_clicked', 'email_replied', 'email_bounced', 'contact_unsubscribed'
        )
        and coalesce(occurred_at, received_at) is not null

),

steps as (

    select
        account,
        message_id,
        step_number,
        loaded_at,
        _dlt_load_id,
        row_number() over (partition by account, message_id order by loaded_at, row_key) as nth
    from receipts
    where event_type = 'email_sent' and message_id is not null and step_number is not null

),

placed as (

    select
        told.*,
        coalesce(steps.step_number, told.step_number) as sent_step,
        -- what was known of an event changes when its step becomes known
        coalesce(steps.loaded_at > told.loaded_at, false) as is_placed_later,
        steps.loaded_at as placed_at,
        steps._dlt_load_id as placed_in
    from told
    left join steps
        on told.account = steps.account and told.message_id = steps.message_id and steps.nth = 1

),

candidates as (

    select
        placed.account,
        placed.id,
        sent.id as message_id,
        row_number() over (
            partition by placed.account, placed.id
            order by
                case when sent.step_number = placed.sent_step then 0 else 1 end,
                case when sent.sent_at <= placed.happened_at then 0 else 1 end,
                sent.sent_at desc nulls last,
                sent.id
        ) as nearness
    from placed
    inner join {{ ref('stg_salesforge__sent') }} as sent
        on placed.account = sent.account
        and placed.campaign_id = sent.sequence_id
        and placed.lead_key = sent.lead_key

)

select
    placed.account,
    placed.id,
    candidates.message_id,
    placed.kind as event_type,
    placed.provider_event,
    placed.happened_at as occurred_at,
    placed.campaign_id as sequence_id,
    placed.provider_client_id as workspace_id,
    placed.lead_key,
    placed.reply_id,
    placed.from_email,
    placed.subject,
    placed.body,
    placed.url,
    cast(null as text) as bounce_type,
    placed.first_loaded_at,
    case when placed.is_placed_later then placed.placed_at else placed.loaded_at end as loaded_at,
    case when placed.is_placed_later then placed.placed_in else placed._dlt_load_id end as _dlt_load_id
from placed
left join candidates
    on placed.account = candidates.account and placed.id = candidates.id and candidates.nearness = 1
