-- Grain: one row a client's lead and a reason for which it is on a suppression list today: by any address that leads
-- to the person, by the domain of its address or by that of its company.
with named as (

    select
        suppressions.*,
        lead_keys.lead_id
    from {{ ref('suppressions') }} as suppressions
    inner join {{ ref('lead_keys') }} as lead_keys on 'email:' || suppressions.email = lead_keys.person_key
    where suppressions.is_active
    union all
    select
        suppressions.*,
        pool.lead_id
    from {{ ref('suppressions') }} as suppressions
    inner join {{ ref('lead_pool') }} as pool on suppressions.domain = pool.company_domain
    where suppressions.is_active
    union all
    select
        suppressions.*,
        pool.lead_id
    from {{ ref('suppressions') }} as suppressions
    inner join {{ ref('lead_pool') }} as pool on suppressions.domain = split_part(pool.email_key, '@', 2)
    where suppressions.is_active

)

select
    {{ key('suppressed_lead', ['pairs.client_id', 'pairs.lead_id', 'named.reason']) }} as suppressed_lead_id,
    pairs.client_id,
    pairs.lead_id,
    named.reason,
    min(named.since_at) as since_at,
    case when count(named.expires_on) = count(*) then max(named.expires_on) end as expires_on
from named
inner join {{ ref('lead_clients') }} as pairs
    on named.lead_id = pairs.lead_id and coalesce(named.client_id, pairs.client_id) = pairs.client_id
group by pairs.client_id, pairs.lead_id, named.reason
