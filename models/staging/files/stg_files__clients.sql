select
    'files' as source,
    account,
    id,
    name,
    time_zone,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_files', 'clients') }}
where _dlt_valid_to is null
