select
    'files' as source,
    account,
    id,
    campaign_id,
    step_number,
    variant,
    subject,
    body,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_files', 'templates') }}
where _dlt_valid_to is null
