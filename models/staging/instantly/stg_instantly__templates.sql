select
    'instantly' as source,
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
from {{ source('raw_instantly', 'variants') }}
where _dlt_valid_to is null
