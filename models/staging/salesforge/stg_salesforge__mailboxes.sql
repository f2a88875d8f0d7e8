select
    'salesforge' as source,
    account,
    id,
    email,
    email_key,
    daily_limit,
    cast(null as timestamp with time zone) as created_at,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_salesforge', 'mailboxes') }}
where _dlt_valid_to is null
