-- Grain: one row a client's customer, by domain. An average goes with the currency of the record that it is from.
{% set newest = "loaded_at desc, " ~ bytewise("source || ':' || account || ':' || id") %}
select
    {{ key('customer', ['client', 'domain_key']) }} as customer_id,
    {{ client_key('client') }} as client_id,
    domain_key,
    max({{ bytewise('company_name') }}) as company_name,
    max(purchase_count) as purchase_count,
    max(service_count) as service_count,
    cast({{ best('average_value', newest) }} as decimal(38, 9)) as average_value,
    {{ beside_best('currency', 'average_value', newest) }} as currency,
    max(last_purchase_on) as last_purchase_on,
    min(first_loaded_at) as first_loaded_at,
    max(loaded_at) as updated_at
from {{ ref('int_customers') }}
where domain_key is not null
group by client, domain_key
