select
    'instantly' as source,
    account,
    email as id,
    email,
    email_key,
    daily_limit,
    created_at,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_instantly', 'mailboxes') }}
where _dlt_valid_to is null
