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
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_instantly', 'steps') }} as steps
where sequence_index = 0
