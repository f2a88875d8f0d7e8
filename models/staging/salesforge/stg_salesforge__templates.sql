select
    'salesforge' as source,
    account,
    id,
    sequence_id as campaign_id,
    step_number,
    variant,
    subject,
    body,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_salesforge', 'variants') }}
where _dlt_valid_to is null
