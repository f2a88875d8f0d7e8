-- Grain: one row a person, whatever number of sources know them.
{{ config(
    materialized='incremental',
    incremental_strategy='replace_keys',
    unique_key='lead_id',
    touched='touched_leads',
) }}

with leads as (

    select
        lead_keys.lead_id,
        min(lead_keys.first_seen_at) as first_seen_at,
        {{ best("case when person_key like 'email:%' then substr(person_key, 7) end",
            'first_seen_at, ' ~ bytewise('person_key')) }} as mentioned_email
    from {{ ref('lead_keys') }} as lead_keys
    inner join {{ ref('touched_leads') }} as touched on lead_keys.lead_id = touched.lead_id
    group by lead_keys.lead_id

),

zones as (

    select
        fields.lead_id,
        coalesce(fields.time_zone, by_state.time_zone, by_country.time_zone) as time_zone
    from {{ ref('int_lead_fields') }} as fields
    left join {{ ref('country_time_zones') }} as by_country
        on lower(fields.country) = by_country.country and by_country.state is null
    left join {{ ref('country_time_zones') }} as by_state
        on lower(fields.country) = by_state.country and lower(fields.state) = by_state.state

)

select
    leads.lead_id,
    fields.apollo_id,
    coalesce(fields.email, leads.mentioned_email) as email,
    coalesce(fields.email_key, leads.mentioned_email) as email_key,
    case
        when coalesce(fields.email, leads.mentioned_email) is not null
            then coalesce(fields.email_status, 'unknown')
    end as email_status,
    fields.personal_email,
    fields.linkedin_url,
    fields.first_name,
    fields.last_name,
    fields.title,
    fields.seniority,
    fields.departments,
    fields.headline,
    fields.photo_url,
    fields.twitter_url,
    fields.phone,
    fields.phone_type,
    fields.phone_status,
    fields.phone_source,
    fields.dnc_status,
    fields.city,
    fields.state,
    fields.country,
    zones.time_zone,
    fields.employment_history,
    fields.current_role_started_on,
    lead_companies.company_id,
    coalesce(companies.name, fields.company_name) as company_name,
    coalesce(companies.domain, fields.company_domain) as company_domain,
    companies.website as company_website,
    companies.linkedin_url as company_linkedin_url,
    companies.description as company_description,
    companies.logo_url as company_logo_url,
    companies.industry,
    companies.sub_industry,
    companies.employee_count,
    companies.revenue,
    {{ revenue_range('companies.revenue') }} as revenue_range,
    companies.currency,
    companies.founded_year,
    companies.country as company_country,
    companies.state as company_state,
    companies.city as company_city,
    companies.postal_code as company_postal_code,
    companies.is_hiring,
    companies.latest_funding_stage,
    companies.latest_funding_on,
    companies.total_funding,
    companies.technologies,
    companies.keywords,
    fields.attributes,
    coalesce(blocks.is_bounced, false) as is_bounced,
    blocks.bounce_type,
    blocks.bounced_at,
    blocks.bounce_reason,
    coalesce(blocks.is_unsubscribed, false) or coalesce(fields.is_unsubscribed, false) as is_unsubscribed,
    blocks.unsubscribed_at,
    coalesce(fields.record_count, 0) as record_count,
    fields.sources,
    {{ enrichment_confidence('fields', "coalesce(fields.email, leads.mentioned_email)") }} as confidence,
    leads.first_seen_at,
    fields.last_enriched_at,
    leads.first_seen_at as first_loaded_at,
    coalesce(fields.updated_at, leads.first_seen_at) as updated_at
from leads
left join {{ ref('int_lead_fields') }} as fields on leads.lead_id = fields.lead_id
left join zones on leads.lead_id = zones.lead_id
left join {{ ref('int_lead_companies') }} as lead_companies on leads.lead_id = lead_companies.lead_id
left join {{ ref('companies') }} as companies on lead_companies.company_id = companies.company_id
left join {{ ref('int_lead_blocks') }} as blocks on leads.lead_id = blocks.lead_id
