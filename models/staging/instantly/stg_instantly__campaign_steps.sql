-- The steps of a campaign's own sequence; Instantly sends no other.
select
    'instantly' as source,
    account,
    campaign_id,
    step_number,
    'email' as channel,
    wait_days,
    subject,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_instantly', 'steps') }}
where _dlt_valid_to is null and sequence_index = 0
