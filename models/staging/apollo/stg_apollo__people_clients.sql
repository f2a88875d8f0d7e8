-- Every client that a search found a person for; grain: person and client.
select
    'apollo' as source,
    account,
    id,
    client,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_apollo', 'people_search') }} as people_search
