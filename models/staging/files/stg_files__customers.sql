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
    first_loaded_at,
    loaded_at,
    _dlt_load_id as load_id
from {{ records('raw_files', 'customers') }} as customers
