select
    'instantly' as source,
    account,
    id,
    cast(null as text) as apollo_id,
    email,
    email_key,
    case verification_status
        when 1 then 'verified'
        when -1 then 'invalid'
        when -2 then 'unknown'
        when -3 then 'catch_all'
    end as email_status,
    cast(null as text) as personal_email,
    cast(null as text) as personal_email_key,
    linkedin_url,
    linkedin_url_key,
    first_name,
    last_name,
    title,
    cast(null as text) as seniority,
    cast(null as text) as departments,
    cast(null as text) as headline,
    cast(null as text) as photo_url,
    cast(null as text) as twitter_url,
    phone,
    cast(null as text) as phone_type,
    cast(null as text) as phone_status,
    cast(null as text) as dnc_status,
    cast(null as text) as city,
    cast(null as text) as state,
    cast(null as text) as country,
    cast(null as text) as time_zone,
    cast(null as text) as company_id,
    company_name,
    company_domain,
    company_domain_key,
    cast(null as text) as employment_history,
    cast(null as date) as current_role_started_on,
    coalesce(status = -2, false) as is_unsubscribed,
    cast(null as text) as client,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_instantly', 'leads') }}
where _dlt_valid_to is null
