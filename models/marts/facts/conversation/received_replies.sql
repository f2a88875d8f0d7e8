-- Grain: one row an inbound message, automatic ones included.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='lead_id',
    touched='touched_leads',
) }}

select
    reply_id,
    lead_id,
    client_id,
    campaign_id,
    message_id,
    channel,
    source,
    account,
    provider_thread_id,
    from_email,
    subject,
    body,
    headers,
    provider_label,
    received_at,
    {{ utc_day('received_at') }} as received_on,
    {{ reply_text_hash('subject', 'body', 'headers') }} as text_hash,
    first_loaded_at,
    loaded_at as updated_at
from {{ ref('int_reply_leads') }}
