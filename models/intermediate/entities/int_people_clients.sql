-- Every client that a person record was found for.
select
    source,
    account,
    id,
    client,
    first_loaded_at,
    loaded_at,
    load_id
from {{ ref('stg_apollo__people_clients') }}
union all
select
    source,
    account,
    id,
    client,
    first_loaded_at,
    loaded_at,
    load_id
from {{ ref('int_people') }}
where client is not null and source <> 'apollo'
