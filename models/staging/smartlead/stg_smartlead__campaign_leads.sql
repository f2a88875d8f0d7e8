select
    'smartlead' as source,
    account,
    campaign_id,
    coalesce(lead_key, 'smartlead:' || account || ':' || lead_id) as lead_key,
    cast(null as text) as variant,
    cast(null as boolean) as is_holdout,
    created_at as added_at,
    lower(status) as status,
    attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_smartlead', 'campaign_leads') }} as campaign_leads
