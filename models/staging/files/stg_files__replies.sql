select
    'files' as source,
    account,
    id,
    lead_key,
    message_id,
    campaign_id,
    client,
    coalesce(channel, 'email') as channel,
    from_email,
    subject,
    body,
    headers,
    provider_label,
    received_at,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_files', 'replies') }}
where _dlt_valid_to is null
