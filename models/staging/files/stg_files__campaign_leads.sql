select
    'files' as source,
    account,
    campaign_id,
    lead_key,
    variant,
    is_holdout,
    added_at,
    lower(status) as status,
    attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_files', 'campaign_leads') }} as campaign_leads
