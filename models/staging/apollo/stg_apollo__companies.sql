-- Organizations as they came with bought people, and what was bought of them besides, which knows more; Apollo
-- states amounts in US dollars. One with openings is hiring.
{% set fields = [
    'name', 'domain', 'domain_key', 'website_url', 'linkedin_url', 'description', 'logo_url', 'industry',
    'sub_industry', 'employee_count', 'revenue', 'founded_year', 'country', 'state', 'city', 'postal_code',
    'is_hiring', 'latest_funding_stage', 'latest_funding_on', 'total_funding', 'technologies', 'keywords',
    'attributes',
] %}

with openings as (

    select
        account,
        organization_id,
        max(loaded_at) as loaded_at,
        {{ best('_dlt_load_id', 'loaded_at desc, ' ~ bytewise('_dlt_load_id') ~ ' desc') }} as load_id
    from {{ source('raw_apollo', 'job_postings') }}
    where _dlt_valid_to is null
    group by account, organization_id

),

details as (

    select *
    from {{ records('raw_apollo', 'organization_details') }} as organization_details

),

met as (

    select *
    from {{ records('raw_apollo', 'organizations') }} as organizations

),

known as (

    select
        coalesce(details.account, met.account) as account,
        coalesce(details.id, met.id) as id,
        {% for field in fields %}
        coalesce(details.{{ field }}, met.{{ field }}) as {{ field }},
        {% endfor %}
        least(details.first_loaded_at, met.first_loaded_at) as first_loaded_at,
        greatest(details.loaded_at, met.loaded_at) as loaded_at,
        case
            when met.loaded_at is null or details.loaded_at > met.loaded_at then details._dlt_load_id
            else met._dlt_load_id
        end as load_id
    from met
    full outer join details on met.account = details.account and met.id = details.id

)

select
    'apollo' as source,
    known.account,
    known.id,
    known.name,
    known.domain,
    known.domain_key,
    known.website_url as website,
    known.linkedin_url,
    known.description,
    known.logo_url,
    known.industry,
    known.sub_industry,
    known.employee_count,
    known.revenue,
    case when known.revenue is not null or known.total_funding is not null then 'USD' end as currency,
    known.founded_year,
    known.country,
    known.state,
    known.city,
    known.postal_code,
    coalesce(known.is_hiring, case when openings.organization_id is not null then true end) as is_hiring,
    known.latest_funding_stage,
    known.latest_funding_on,
    known.total_funding,
    known.technologies,
    known.keywords,
    known.attributes,
    known.first_loaded_at,
    greatest(known.loaded_at, openings.loaded_at) as loaded_at,
    case when openings.loaded_at > known.loaded_at then openings.load_id else known.load_id end as load_id
from known
left join openings on known.account = openings.account and known.id = openings.organization_id
