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
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_instantly', 'variants') }} as variants
