select
    'smartlead' as source,
    account,
    campaign_id,
    step_number,
    'email' as channel,
    wait_days,
    subject,
    attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_smartlead', 'sequences') }} as sequences
