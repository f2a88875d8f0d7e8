select
    'files' as source,
    account,
    id,
    client,
    email,
    email_key,
    domain,
    domain_key,
    reason,
    expires_on,
    attributes,
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_files', 'suppressions') }} as suppressions
