select
    'salesforge' as source,
    inbound.account,
    inbound.id,
    inbound.lead_key,
    inbound.message_id,
    inbound.sequence_id as campaign_id,
    {{ mapped_client(campaign=true, provider_client=true) }} as client,
    inbound.channel,
    inbound.thread_id as provider_thread_id,
    inbound.from_email,
    inbound.subject,
    inbound.body,
    cast(null as text) as headers,
    inbound.label as provider_label,
    inbound.occurred_at as received_at,
    inbound.attributes,
    inbound.first_loaded_at,
    inbound.loaded_at,
    inbound._dlt_load_id as load_id
from {{ ref('stg_salesforge__inbound') }} as inbound
{{ join_client_map('salesforge', 'inbound', 'inbound.sequence_id', 'inbound.workspace_id') }}
