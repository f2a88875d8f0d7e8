select
    'salesforge' as source,
    account,
    sequence_id as campaign_id,
    step_number,
    'email' as channel,
    wait_days,
    subject,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_salesforge', 'steps') }}
where _dlt_valid_to is null
