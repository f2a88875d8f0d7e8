-- Grain: one row a company; records at the same domain are one.
-- depends_on: {{ ref('int_companies_before') }} (it reads last night's rows of this table)
{% set fields = company_record_fields() %}

with records as (

    select * from {{ ref('int_company_records') }}

),

named_by_people as (

    select
        {{ key('company', ["'domain'", 'company_domain_key']) }} as company_id,
        company_domain_key as domain,
        min({{ bytewise('company_name') }}) as name,
        {{ best('source', 'first_loaded_at, ' ~ bytewise('source')) }} as discovery_source,
        min(first_loaded_at) as first_loaded_at,
        max(loaded_at) as updated_at
    from {{ ref('int_people') }}
    where company_domain_key is not null
    group by company_domain_key

),

known as (

    select
        company_id,
        min({{ bytewise('domain_key') }}) as domain,
        {% for field in fields %}
        {{ best(field, newest_company_record()) }} as {{ field }},
        {% endfor %}
        count(*) as record_count,
        {{ best('source', 'first_loaded_at, source_rank, ' ~ bytewise('source')) }} as discovery_source,
        min(first_loaded_at) as first_loaded_at,
        max(loaded_at) as updated_at
    from records
    group by company_id

)

select
    coalesce(known.company_id, named_by_people.company_id) as company_id,
    coalesce(known.domain, named_by_people.domain) as domain,
    coalesce(known.name, named_by_people.name) as name,
    {% for field in fields if field != 'name' %}
    {% if field in ('revenue', 'total_funding') %}
    cast(known.{{ field }} as decimal(38, 9)) as {{ field }},
    {% else %}
    known.{{ field }},
    {% endif %}
    {% endfor %}
    coalesce(known.record_count, 0) as record_count,
    coalesce(known.discovery_source, named_by_people.discovery_source) as discovery_source,
    least(known.first_loaded_at, named_by_people.first_loaded_at) as first_loaded_at,
    coalesce(known.updated_at, named_by_people.updated_at) as updated_at
from known
full outer join named_by_people on known.company_id = named_by_people.company_id
