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
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_files', 'suppressions') }}
where _dlt_valid_to is null
