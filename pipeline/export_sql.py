"""The queries of the exports, over published tables, for one client; each runs on every engine.

Who may be written to is what `send_eligibility` says of a campaign that the lead is not in yet.
"""

from __future__ import annotations

from pipeline.export_columns import LEAD_COLUMNS

_CODES = "failing_codes"
"""The column of an export of leads that no table holds as it stands."""

_LEADS = """
with failing as (
    select
        lead_id,
        string_agg(code, '; ' order by code collate "C") as {codes}
    from analytics.send_eligibility
    where client_id = cast('{client_id}' as uuid) and campaign_id is null
    group by lead_id
)

select {columns}
from analytics.leads as leads
left join failing on leads.lead_id = failing.lead_id
where leads.client_id = cast('{client_id}' as uuid)
order by leads.score desc nulls last, leads.lead_id
"""

_COMPANIES = """
with known as (
    select
        leads.company_id,
        count(*) as lead_count,
        max(scores.company_fit) as company_fit
    from analytics.leads as leads
    left join analytics.als_scores as scores
        on leads.lead_id = scores.lead_id and leads.client_id = scores.client_id
    where leads.client_id = cast('{client_id}' as uuid) and leads.company_id is not null
    group by leads.company_id
),

held as (
    select
        leads.company_id,
        codes.code,
        count(*) as lead_count
    from analytics.send_eligibility as codes
    inner join analytics.leads as leads
        on codes.client_id = leads.client_id and codes.lead_id = leads.lead_id
    where
        codes.client_id = cast('{client_id}' as uuid)
        and codes.campaign_id is null
        and codes.about in ('person', 'address')
        and codes.code not in ('out_of_office_until', 'cooling_period')
    group by leads.company_id, codes.code
),

ruled_out as (
    select
        held.company_id,
        string_agg(held.code, '; ' order by held.code collate "C") as disqualifiers
    from held
    inner join known on held.company_id = known.company_id and held.lead_count = known.lead_count
    group by held.company_id
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
    companies.first_loaded_at as created_at,
    known.company_id,
    known.company_fit,
    ruled_out.disqualifiers
from known
inner join analytics.companies as companies on known.company_id = companies.company_id
left join ruled_out on known.company_id = ruled_out.company_id
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
where
    leads.client_id = cast('{client_id}' as uuid)
    and not exists (
        select 1
        from analytics.send_eligibility as codes
        where
            codes.client_id = leads.client_id
            and codes.lead_id = leads.lead_id
            and codes.campaign_id is null
            and codes.about = 'person'
    )
order by pool.confidence desc nulls last, leads.lead_id
"""


def leads_sql(client_id: str) -> str:
    """Return one row a lead, the best score first, with every reason not to write to it."""
    columns = ", ".join(name if name == _CODES else f"leads.{name}" for name in LEAD_COLUMNS)
    return _LEADS.format(client_id=client_id, columns=columns, codes=_CODES)


def contacts_sql(client_id: str) -> str:
    """Return one row a person who is a lead of the client, the best known first.

    Left out is who must be left alone: bounced, opted out, suppressed, refused, away or cooling.
    """
    return _CONTACTS.format(client_id=client_id)


def companies_sql(client_id: str) -> str:
    """Return one row a company with leads of the client, with the codes that hold for each of them.

    A note of an absence and a cooling time end by themselves and rule no company out.
    """
    return _COMPANIES.format(client_id=client_id)
