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
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_files', 'campaigns') }} as campaigns
