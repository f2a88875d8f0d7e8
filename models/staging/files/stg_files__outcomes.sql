select
    'files' as source,
    account,
    lead_key,
    client,
    name,
    occurred_at,
    value,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_files', 'outcomes') }}
where _dlt_valid_to is null
