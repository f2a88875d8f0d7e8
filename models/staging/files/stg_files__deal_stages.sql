select
    'files' as source,
    account,
    deal_id,
    provider_stage,
    stage,
    entered_at,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_files', 'deal_stages') }}
where _dlt_valid_to is null
