-- One statistics row a message; a row without a sending time is a message that has not been sent.
select
    'smartlead' as source,
    statistics.account,
    statistics.id,
    statistics.campaign_id,
    {{ mapped_client(campaign=true, provider_client=true) }} as client,
    statistics.lead_key,
    'email' as channel,
    statistics.step_number,
    coalesce(statistics.variant_id, statistics.sequence_id) as template_id,
    statistics.variant,
    cast(null as text) as mailbox,
    statistics.subject,
    statistics.body,
    statistics.sent_time as sent_at,
    cast(null as text) as ai_model,
    cast(null as text) as prompt_version,
    statistics.attributes,
    statistics.loaded_at,
    statistics._dlt_load_id as load_id
from {{ source('raw_smartlead', 'statistics') }} as statistics
{{ join_client_map(
    'smartlead', 'statistics', 'statistics.campaign_id', 'statistics.provider_client_id'
) }}
where statistics._dlt_valid_to is null and statistics.sent_time is not null
