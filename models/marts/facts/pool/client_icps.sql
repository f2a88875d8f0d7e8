-- Grain: one row a client and version of its ideal customer profile.
select
    {{ key('client_icp', ['client', 'version']) }} as client_icp_id,
    {{ client_key('client') }} as client_id,
    client,
    version,
    industries,
    countries,
    titles,
    seniorities,
    technologies,
    keywords,
    employees_min,
    employees_max,
    valid_from,
    valid_to,
    valid_to is null as is_current,
    valid_from as first_loaded_at,
    coalesce(valid_to, valid_from) as updated_at
from {{ source('ops', 'client_icp_log') }}
