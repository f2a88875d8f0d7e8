-- Replies in threads, and those that a webhook told of and no thread shows (yet).
with entries as (

    select
        account,
        id,
        lead_key,
        stats_id as message_id,
        campaign_id,
        provider_client_id,
        from_email,
        subject,
        body,
        headers,
        time as received_at,
        attributes,
        loaded_at,
        _dlt_load_id
    from {{ source('raw_smartlead', 'message_history') }}
    where _dlt_valid_to is null and type = 'reply'

),

told as (

    select
        *,
        coalesce(reply_id, 'webhook:' || id) as reply_key,
        row_number() over (
            partition by account, coalesce(reply_id, 'webhook:' || id) order by occurred_at, id
        ) as receipt
    from {{ ref('stg_smartlead__told_events') }}
    where event_type = 'replied' and body is not null and lead_key is not null

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
        told.loaded_at,
        told._dlt_load_id
    from told
    where told.receipt = 1
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
    replies.from_email,
    replies.subject,
    replies.body,
    replies.headers,
    cast(null as text) as provider_label,
    replies.received_at,
    replies.attributes,
    replies.loaded_at,
    replies._dlt_load_id as load_id
from replies
{{ join_client_map('smartlead', 'replies', 'replies.campaign_id', 'replies.provider_client_id') }}
