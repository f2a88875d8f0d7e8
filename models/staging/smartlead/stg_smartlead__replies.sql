select
    'smartlead' as source,
    entries.account,
    entries.id,
    entries.lead_key,
    entries.stats_id as message_id,
    entries.campaign_id,
    {{ mapped_client(campaign=true, provider_client=true) }} as client,
    'email' as channel,
    entries.from_email,
    entries.subject,
    entries.body,
    entries.headers,
    cast(null as text) as provider_label,
    entries.time as received_at,
    entries.attributes,
    entries.loaded_at,
    entries._dlt_load_id as load_id
from {{ source('raw_smartlead', 'message_history') }} as entries
{{ join_client_map('smartlead', 'entries', 'entries.campaign_id', 'entries.provider_client_id') }}
where entries._dlt_valid_to is null and entries.type = 'reply'
