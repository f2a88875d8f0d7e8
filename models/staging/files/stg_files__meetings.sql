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
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_files', 'meetings') }}
where _dlt_valid_to is null
