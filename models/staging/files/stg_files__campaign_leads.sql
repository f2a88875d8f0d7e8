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
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_files', 'campaign_leads') }}
where _dlt_valid_to is null
