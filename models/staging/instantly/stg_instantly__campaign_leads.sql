-- A lead of Instantly's is a person in one campaign; those of lists alone are in none.
select
    'instantly' as source,
    account,
    campaign_id,
    coalesce('email:' || email_key, 'instantly:' || account || ':' || id) as lead_key,
    cast(null as text) as variant,
    cast(null as boolean) as is_holdout,
    created_at as added_at,
    case status
        when 1 then 'active'
        when 2 then 'paused'
        when 3 then 'completed'
        when -1 then 'bounced'
        when -2 then 'unsubscribed'
        when -3 then 'skipped'
    end as status,
    attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_instantly', 'leads', also=['campaign_id']) }} as leads
where campaign_id is not null
