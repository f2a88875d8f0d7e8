select
    'files' as source,
    account,
    id,
    name,
    time_zone,
    attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_files', 'clients') }} as clients
