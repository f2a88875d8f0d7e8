select
    'files' as source,
    account,
    id,
    client,
    lead_key,
    company_id,
    name,
    pipeline,
    provider_stage,
    stage,
    value,
    currency,
    lost_reason,
    owner,
    created_at,
    closed_at,
    is_deleted,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_files', 'deals') }}
where _dlt_valid_to is null
