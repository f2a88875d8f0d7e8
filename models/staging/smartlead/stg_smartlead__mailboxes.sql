-- A mailbox that was connected a second time is the one that was connected last.
with mailboxes as (

    select
        *,
        row_number() over (
            partition by account, coalesce(email_key, lower(email))
            order by created_at desc nulls last, id desc
        ) as recency
    from {{ source('raw_smartlead', 'mailboxes') }}
    where _dlt_valid_to is null

)

select
    'smartlead' as source,
    account,
    coalesce(email_key, lower(email)) as id,
    email,
    email_key,
    daily_limit,
    created_at,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from mailboxes
where recency = 1
