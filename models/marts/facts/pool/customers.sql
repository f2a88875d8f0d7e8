-- Grain: one row a client's customer, by domain.
select
    {{ key('customer', ['client', 'domain_key']) }} as customer_id,
    {{ client_key('client') }} as client_id,
    domain_key,
    max({{ bytewise('company_name') }}) as company_name,
    max(purchase_count) as purchase_count,
    max(service_count) as service_count,
    max(average_value) as average_value,
    max({{ bytewise('currency') }}) as currency,
    max(last_purchase_on) as last_purchase_on,
    max(loaded_at) as updated_at
from {{ ref('int_customers') }}
where domain_key is not null
group by client, domain_key
