select
    'files' as source,
    account,
    id,
    client,
    company_name,
    domain,
    domain_key,
    purchase_count,
    service_count,
    average_value,
    currency,
    last_purchase_on,
    attributes,
    loaded_at,
    _dlt_load_id as load_id
from {{ source('raw_files', 'customers') }}
where _dlt_valid_to is null
