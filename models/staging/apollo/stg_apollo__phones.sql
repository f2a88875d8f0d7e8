-- Phone numbers that were asked for and came later; grain: person and number. The best has turn 1: one known to
-- be valid, then as Apollo orders them.
select
    'apollo' as source,
    account,
    person_id,
    number as phone,
    phone_type,
    {{ apollo_phone_status('phone_status') }} as phone_status,
    dnc_status,
    phone_source,
    row_number() over (
        partition by account, person_id
        order by
            case when lower(phone_status) = 'valid_number' then 1 else 2 end,
            position nulls last,
            {{ bytewise('number') }}
    ) as turn,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_apollo', 'phones') }}
where _dlt_valid_to is null
