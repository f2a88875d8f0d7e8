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
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_salesforge', 'enrolments') }} as enrolments
