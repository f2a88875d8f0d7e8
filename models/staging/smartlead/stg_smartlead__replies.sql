-- Replies in threads, and those that a webhook told of and no thread shows (yet).
with told as (

    {{ told_replies(ref('stg_smartlead__told_events'), "event_type = 'replied'") }}

),

entries as (

    select
        history.account,
        history.id,
        history.lead_key,
        history.stats_id as message_id,
        history.campaign_id,
        history.provider_client_id,
        history.from_email,
        history.subject,
        history.body,
        history.headers,
        history.time as received_at,
        history.attributes,
        least(history.first_loaded_at, told.first_told_at) as first_loaded_at,
        history.loaded_at,
        history._dlt_load_id
    from {{ records('raw_smartlead', 'message_history') }} as history
    left join told
        on history.account = told.account and history.id = told.reply_key and told.nth = 1
    where history.type = 'reply'

),

replies as (

    select * from entries
    union all
    select
        told.account,
        told.reply_key as id,
        told.lead_key,
        told.message_id,
        told.campaign_id,
        told.provider_client_id,
        told.from_email,
        told.subject,
        told.body,
        cast(null as text) as headers,
        told.occurred_at as received_at,
        cast(null as text) as attributes,
        told.first_told_at as first_loaded_at,
        told.loaded_at,
        told._dlt_load_id
    from told
    where told.nth = 1
        and {{ is_not_shown('entries', 'id', 'reply_key', 'campaign_id', 'received_at') }}

)

select
    'smartlead' as source,
    replies.account,
    replies.id,
    replies.lead_key,
    replies.message_id,
    replies.campaign_id,
    {{ mapped_client(campaign=true, provider_client=true) }} as client,
    'email' as channel,
    cast(null as text) as provider_thread_id,
    replies.from_email,
    replies.subject,
    replies.body,
    replies.headers,
    cast(null as text) as provider_label,
    replies.received_at,
    replies.attributes,
    replies.first_loaded_at,
    replies.loaded_at,
    replies._dlt_load_id as load_id
from replies
{{ join_client_map('smartlead', 'replies', 'replies.campaign_id', 'replies.provider_client_id') }}
