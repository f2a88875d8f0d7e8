-- Every client that a search found a person for; grain: person and client.
select
    'apollo' as source,
    account,
    id,
    client,
    loaded_at as found_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_apollo', 'people_search') }}
where _dlt_valid_to is null
