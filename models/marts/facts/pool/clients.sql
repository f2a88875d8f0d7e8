-- Grain: one row a client of the agency.
with listed as (

    select
        config.client,
        config.name,
        config.time_zone,
        1 as preference,
        log.first_loaded_at,
        log.updated_at
    from {{ source('ops', 'client_config') }} as config
    inner join {{ source('ops', 'client_log') }} as log on config.client = log.client
    union all
    select
        id as client,
        name,
        time_zone,
        2 as preference,
        first_loaded_at,
        loaded_at as updated_at
    from {{ ref('int_clients') }}

)

select
    {{ client_key('client') }} as client_id,
    client,
    {{ best('name', 'preference, ' ~ bytewise('name')) }} as name,
    {{ best('time_zone', 'preference, ' ~ bytewise('time_zone')) }} as time_zone,
    min(first_loaded_at) as first_loaded_at,
    max(updated_at) as updated_at
from listed
group by client
