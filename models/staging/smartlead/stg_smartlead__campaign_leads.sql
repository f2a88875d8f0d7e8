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
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_smartlead', 'campaign_leads') }}
where _dlt_valid_to is null
