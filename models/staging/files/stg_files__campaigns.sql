select
    'files' as source,
    account,
    id,
    client,
    name,
    lower(status) as status,
    coalesce(channel, 'email') as channel,
    created_at,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_files', 'campaigns') }}
where _dlt_valid_to is null
