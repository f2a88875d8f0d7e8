select
    'salesforge' as source,
    account,
    sequence_id as campaign_id,
    step_number,
    'email' as channel,
    wait_days,
    subject,
    attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_salesforge', 'steps') }} as steps
