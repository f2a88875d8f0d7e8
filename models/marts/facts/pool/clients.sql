-- Grain: one row a client of the agency.
with listed as (

    select
        client,
        name,
        time_zone,
        1 as preference
    from {{ source('ops', 'client_config') }}
    union all
    select
        id as client,
        name,
        time_zone,
        2 as preference
    from {{ ref('int_clients') }}

)

select
    {{ client_key('client') }} as client_id,
    client,
    {{ best('name', 'preference, ' ~ bytewise('name')) }} as name,
    {{ best('time_zone', 'preference, ' ~ bytewise('time_zone')) }} as time_zone
from listed
group by client
