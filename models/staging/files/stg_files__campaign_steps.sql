select
    'files' as source,
    account,
    campaign_id,
    step_number,
    coalesce(channel, 'email') as channel,
    wait_days,
    subject,
    attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_files', 'campaign_steps') }} as campaign_steps
