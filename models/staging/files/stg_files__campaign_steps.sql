select
    'files' as source,
    account,
    campaign_id,
    step_number,
    coalesce(channel, 'email') as channel,
    wait_days,
    subject,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_files', 'campaign_steps') }}
where _dlt_valid_to is null
