"""The queries of the exports, over published tables, for one client; each runs on every engine."""

from __future__ import annotations

from pipeline.export_columns import LEAD_COLUMNS

_COMPANIES = """
with judged as (
    select
        leads.lead_id,
        leads.company_id,
        leads.pool_status,
        leads.email,
        leads.email_status,
        leads.last_intent,
        pool.is_bounced and coalesce(pool.bounce_type, 'unknown') <> 'soft' as is_bounced_globally,
        scores.company_fit,
        coalesce(scores.competitor_points, 0) < 0 as is_competitor
    from analytics.leads as leads
    inner join analytics.lead_pool as pool on leads.lead_id = pool.lead_id
    left join analytics.als_scores as scores
        on leads.lead_id = scores.lead_id and leads.client_id = scores.client_id
    where leads.client_id = cast('{client_id}' as uuid) and leads.company_id is not null
),

known as (
    select
        company_id,
        count(*) as lead_count,
        max(company_fit) as company_fit,
        count(case when is_bounced_globally then 1 end) as bounced_globally,
        count(case when pool_status = 'unsubscribed' then 1 end) as unsubscribed_globally,
        count(case when pool_status = 'bounced' then 1 end) as pool_status_bounced,
        count(case when pool_status = 'unsubscribed' then 1 end) as pool_status_unsubscribed,
        count(case when pool_status = 'invalid' then 1 end) as pool_status_invalid,
        count(case when email is null or email_status = 'invalid' then 1 end) as invalid_email,
        count(case when is_competitor then 1 end) as suppressed_competitor,
        count(case when last_intent = 'not_interested' then 1 end) as replied_not_interested,
        count(case when last_intent = 'unsubscribe' then 1 end) as replied_unsubscribe,
        count(case when last_intent = 'angry' then 1 end) as replied_angry,
        count(case when last_intent = 'wrong_person' then 1 end) as replied_wrong_person
    from judged
    group by company_id
),

deals as (
    select
        coalesce(deals.company_id, pool.company_id) as company_id,
        max(case when deals.stage = 'closed_won' then 1 else 0 end) as has_won,
        max(case when deals.stage in ('closed_won', 'closed_lost') then 0 else 1 end) as has_open
    from analytics.deals as deals
    left join analytics.lead_pool as pool on deals.lead_id = pool.lead_id
    where deals.client_id = cast('{client_id}' as uuid) and deals.deleted_at is null
    group by coalesce(deals.company_id, pool.company_id)
)

select
    companies.name as company_name,
    companies.domain,
    companies.website,
    companies.state,
    companies.attributes,
    companies.technologies,
    companies.description,
    companies.discovery_source as discovery_source,
    companies.industry,
    companies.employee_count,
    companies.country,
    coalesce(deals.has_won, 0) = 1 or exists (
        select 1
        from analytics.customers as customers
        where customers.client_id = cast('{client_id}' as uuid)
            and customers.domain_key = companies.domain
    ) as is_existing_customer,
    coalesce(deals.has_open, 0) = 1 as is_open_deal,
    companies.first_loaded_at as created_at,
    known.*
from known
inner join analytics.companies as companies on known.company_id = companies.company_id
left join deals on known.company_id = deals.company_id
order by known.company_fit desc nulls last, known.company_id
"""

_CONTACTS = """
select
    cast(leads.lead_id as text) as lead_id,
    pool.first_name,
    pool.last_name,
    pool.title,
    pool.email,
    pool.linkedin_url,
    pool.departments,
    pool.seniority,
    pool.confidence as quality_score,
    pool.company_name,
    pool.company_domain,
    companies.website as company_website,
    coalesce(companies.state, pool.company_state) as company_state,
    pool.attributes,
    pool.first_seen_at as created_at
from analytics.leads as leads
inner join analytics.lead_pool as pool on leads.lead_id = pool.lead_id
left join analytics.companies as companies on pool.company_id = companies.company_id
where leads.client_id = cast('{client_id}' as uuid)
order by pool.confidence desc nulls last, leads.lead_id
"""


def leads_sql(client_id: str) -> str:
    """Return one row a lead, the best score first."""
    return (
        f"select {', '.join(LEAD_COLUMNS)} from analytics.leads"
        f" where client_id = cast('{client_id}' as uuid) order by score desc nulls last, lead_id"
    )


def contacts_sql(client_id: str) -> str:
    """Return one row a person who is a lead of the client, the best known first."""
    return _CONTACTS.format(client_id=client_id)


def companies_sql(client_id: str) -> str:
    """Return one row a company with leads of the client: codes as numbers of leads for whom they hold."""
    return _COMPANIES.format(client_id=client_id)
