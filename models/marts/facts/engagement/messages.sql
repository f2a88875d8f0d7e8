-- Grain: one row an outbound message that was sent. One that was deleted in its source is no touch.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='lead_id',
    touched='touched_leads',
) }}

with messages as (

    select
        messages.*,
        lead_pool.time_zone,
        case when messages.deleted_at is null then row_number() over lead_touches end as touch_number,
        case when messages.deleted_at is null then lag(messages.sent_at) over lead_touches end
            as previous_sent_at
    from {{ ref('int_message_leads') }} as messages
    inner join {{ ref('lead_pool') }} as lead_pool on messages.lead_id = lead_pool.lead_id
    window lead_touches as (
        partition by messages.lead_id, messages.client_id, messages.deleted_at is null
        order by messages.sent_at, messages.message_id
    )

),

answers as (

    select
        message_id,
        min(received_at) as replied_at,
        max(loaded_at) as updated_at
    from {{ ref('int_reply_leads') }}
    group by message_id

)

select
    messages.message_id,
    messages.lead_id,
    messages.client_id,
    messages.campaign_id,
    messages.source,
    messages.account,
    messages.channel,
    messages.provider_thread_id,
    messages.step_number,
    messages.touch_number,
    messages.template_id,
    messages.variant,
    messages.mailbox,
    case
        when messages.channel = 'email' and messages.mailbox is not null
            then {{ mailbox_key('messages.mailbox') }}
    end as mailbox_id,
    messages.subject,
    messages.body,
    {{ text_hash('messages.subject', 'messages.body') }} as text_hash,
    messages.ai_model,
    messages.prompt_version,
    messages.sent_at,
    cast(extract(hour from messages.sent_at at time zone messages.time_zone) as integer) as sent_local_hour,
    cast(extract(isodow from messages.sent_at at time zone messages.time_zone) as integer)
        as sent_local_weekday,
    {{ whole_days('messages.previous_sent_at', 'messages.sent_at') }} as days_since_last_touch,
    coalesce(
        nullif(reactions.has_delivered, false),
        not (coalesce(reactions.is_bounced, false) or coalesce(reactions.is_dropped, false))
    ) as is_delivered,
    coalesce(reactions.is_bounced, false) as is_bounced,
    reactions.bounce_type,
    coalesce(reactions.is_complained, false) as is_complained,
    coalesce(reactions.is_unsubscribed, false) as is_unsubscribed,
    reactions.first_opened_at,
    cast(coalesce(reactions.open_count, 0) as integer) as open_count,
    reactions.first_human_opened_at,
    case
        when reactions.message_id is null then 0 else cast(reactions.human_open_count as integer)
    end as human_open_count,
    reactions.first_clicked_at,
    cast(coalesce(reactions.click_count, 0) as integer) as click_count,
    case
        when reactions.message_id is null then 0 else cast(reactions.human_click_count as integer)
    end as human_click_count,
    answers.replied_at,
    {{ whole_minutes('messages.sent_at', 'reactions.first_opened_at') }} as minutes_to_open,
    {{ whole_minutes('messages.sent_at', 'reactions.first_clicked_at') }} as minutes_to_click,
    {{ whole_minutes('messages.sent_at', 'answers.replied_at') }} as minutes_to_reply,
    messages.deleted_at,
    messages.first_loaded_at,
    greatest(messages.loaded_at, reactions.updated_at, answers.updated_at) as updated_at
from messages
left join {{ ref('int_message_reactions') }} as reactions on messages.message_id = reactions.message_id
left join answers on messages.message_id = answers.message_id
