select
    'files' as source,
    account,
    lead_key,
    client,
    name,
    occurred_at,
    value,
    attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_files', 'outcomes') }} as outcomes
