-- Salesforge does not say when somebody was enrolled.
select
    'salesforge' as source,
    account,
    sequence_id as campaign_id,
    lead_key,
    cast(null as text) as variant,
    cast(null as boolean) as is_holdout,
    cast(null as timestamp with time zone) as added_at,
    lower(status) as status,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_salesforge', 'enrolments') }}
where _dlt_valid_to is null
