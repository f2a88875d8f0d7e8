select
    'files' as source,
    account,
    id,
    message_id,
    event_type,
    provider_event,
    occurred_at,
    event_count,
    url,
    ip,
    user_agent,
    bounce_type,
    reason,
    attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_files', 'message_events') }} as message_events
