select
    'files' as source,
    account,
    id,
    client,
    lead_key,
    title,
    meeting_type,
    booked_at,
    scheduled_at,
    outcome,
    owner,
    is_deleted,
    attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_files', 'meetings') }} as meetings
