-- Grain: one row a company; records at the same domain are one.
-- depends_on: {{ ref('int_companies_before') }} (it reads last night's rows of this table)
{% set newest = 'records.loaded_at desc, records.source_rank, ' ~ bytewise('records.id') %}
{% set fields = [
    'name', 'website', 'linkedin_url', 'description', 'logo_url', 'industry', 'sub_industry',
    'employee_count', 'revenue', 'currency', 'founded_year', 'country', 'state', 'city', 'postal_code',
    'is_hiring', 'latest_funding_stage', 'latest_funding_on', 'total_funding', 'technologies', 'keywords',
    'attributes',
] %}

with records as (

    select
        companies.*,
        keys.company_id,
        case companies.source
            when 'apollo' then 1 when 'hubspot' then 2 when 'pipedrive' then 3 when 'salesforce' then 4 else 5
        end as source_rank
    from {{ ref('int_companies') }} as companies
    inner join {{ ref('int_company_keys') }} as keys
        on companies.source = keys.source and companies.account = keys.account and companies.id = keys.id

),

named_by_people as (

    select
        {{ key('company', ["'domain'", 'company_domain_key']) }} as company_id,
        company_domain_key as domain,
        min({{ bytewise('company_name') }}) as name,
        {{ best('source', 'loaded_at, ' ~ bytewise('source')) }} as discovery_source,
        min(loaded_at) as first_loaded_at,
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
        {{ best(field, newest | replace('records.', '')) }} as {{ field }},
        {% endfor %}
        count(*) as record_count,
        {{ best('source', 'loaded_at, source_rank, ' ~ bytewise('source')) }} as discovery_source,
        min(loaded_at) as first_loaded_at,
        max(loaded_at) as updated_at
    from records
    group by company_id

)

select
    coalesce(known.company_id, named_by_people.company_id) as company_id,
    coalesce(known.domain, named_by_people.domain) as domain,
    coalesce(known.name, named_by_people.name) as name,
    {% for field in fields[1:] %}
    known.{{ field }},
    {% endfor %}
    coalesce(known.record_count, 0) as record_count,
    coalesce(known.discovery_source, named_by_people.discovery_source) as discovery_source,
    coalesce(known.first_loaded_at, named_by_people.first_loaded_at) as first_loaded_at,
    coalesce(known.updated_at, named_by_people.updated_at) as updated_at
from known
full outer join named_by_people on known.company_id = named_by_people.company_id
