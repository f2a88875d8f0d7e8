select
    'files' as source,
    account,
    deal_id,
    provider_stage,
    stage,
    entered_at,
    attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_files', 'deal_stages') }} as deal_stages
