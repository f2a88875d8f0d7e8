select
    'salesforge' as source,
    account,
    id,
    sequence_id as campaign_id,
    step_number,
    variant,
    subject,
    body,
    attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_salesforge', 'variants') }} as variants
