-- Work addresses that other vendors found and that came later; grain: person and address. The best has turn 1: a
-- verified one, then as Apollo orders them.
select
    'apollo' as source,
    account,
    person_id,
    email,
    email_key,
    {{ apollo_email_status('email_status') }} as email_status,
    row_number() over (
        partition by account, person_id
        order by
            case when lower(email_status) = 'verified' then 1 else 2 end,
            position nulls last,
            {{ bytewise('email') }}
    ) as turn,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_apollo', 'emails') }}
where _dlt_valid_to is null
