"""People and organizations as Apollo writes them."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import md5

from sandbox.model import Company, Job, Json, Person
from sandbox.people import hex_id
from sandbox.view import View

PLACEHOLDER = "email_not_unlocked@domain.com"
DEPARTMENTS: dict[str, tuple[list[str], list[str], list[str]]] = {
    "founder_owner": (["c_suite"], ["executive", "founder"], ["entrepreneurship"]),
    "chief_executive": (["c_suite"], ["executive"], ["entrepreneurship"]),
    "chief_officer": (["c_suite", "master_operations"], ["operations_executive"], ["operations"]),
    "vice_president": (["master_operations"], ["operations"], ["operations"]),
    "head_director": (["master_marketing"], ["marketing"], ["marketing"]),
    "manager": ([], [], []),
}
"""title group → departments, subdepartments, functions."""


def search_person(view: View, person: Person) -> Json:
    """Return the person as the search shows it: no address, no family name."""
    job, company = _job_and_company(view, person)
    return {
        "id": person.apollo_id,
        "first_name": person.first_name,
        "last_name_obfuscated": obfuscated(person.last_name or ""),
        "title": job.title,
        "last_refreshed_at": _refreshed(job.known_at),
        "has_email": job.email is not None,
        "has_city": True,
        "has_state": True,
        "has_country": True,
        "has_direct_phone": "Yes"
        if person.phone
        else "Maybe: please request direct dial via people/bulk_match",
        "organization": {
            "name": company.name,
            "has_industry": True,
            "has_phone": company.phone is not None,
            "has_city": True,
            "has_state": True,
            "has_country": True,
            "has_zip_code": True,
            "has_revenue": True,
            "has_employee_count": True,
        },
    }


def obfuscated(name: str) -> str:
    """Return `Huberman` as `Hu***n`."""
    return f"{name[:2]}***{name[-1:]}"


def match_person(view: View, person: Person) -> Json:
    """Return the person as enrichment does, address unlocked unless Apollo keeps it."""
    job, company = _job_and_company(view, person)
    record = _person(view, person, job, company)
    record["email"] = PLACEHOLDER if person.locked else job.email
    record["organization"] = organization(company)
    record["is_likely_to_engage"] = person.index % 3 == 0
    if company.index % 5 == 0:
        record["account_id"] = hex_id(view.agency.params, "account", company.index)
        record["account"] = _account(view, company)
    record["show_intent"] = False
    record["revealed_for_current_team"] = True
    return record


def legacy_person(view: View, person: Person) -> Json:
    """Return the person as the legacy search does: verified perhaps, but with the placeholder as address."""
    job, company = _job_and_company(view, person)
    return {
        **_person(view, person, job, company),
        "email": PLACEHOLDER if job.email else None,
        "organization": _organization_head(company),
    }


def contact(view: View, record: Json) -> Json:
    """Return a person whom the team has saved: a contact with an id of its own beside the person's."""
    own = md5(record["id"].encode(), usedforsecurity=False).hexdigest()[:24]
    return {
        **record,
        "id": own,
        "person_id": record["id"],
        "contact_stage_id": hex_id(view.agency.params, "contact stage", 0),
        "organization_name": record["organization"]["name"],
        "source": "api",
        "existence_level": "full",
        "label_ids": [],
        "typed_custom_fields": {},
    }


def job_postings(view: View, company: Company) -> list[Json]:
    """Return what a company looks for people for; a third of all do."""
    titles = ("Account Executive", "Operations Manager") if company.index % 3 == 0 else ()
    posted_at = _refreshed(view.agency.params.start)
    return [
        {
            "id": hex_id(view.agency.params, f"opening {number}", company.index),
            "title": title,
            "url": f"https://{company.domain}/jobs/{number}",
            "city": company.city,
            "state": company.state,
            "country": company.country,
            "last_seen_at": posted_at,
            "posted_at": posted_at,
        }
        for number, title in enumerate(titles, start=1)
    ]


def _job_and_company(view: View, person: Person) -> tuple[Job, Company]:
    job = person.job_at(view.as_of)
    return job, view.agency.companies[job.company]


def _person(view: View, person: Person, job: Job, company: Company) -> Json:
    departments, subdepartments, functions = DEPARTMENTS[job.title_group]
    slug = f"{person.first_name}-{person.last_name}".lower()
    return {
        "id": person.apollo_id,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "name": f"{person.first_name} {person.last_name}",
        "linkedin_url": person.linkedin,
        "title": job.title,
        "email_status": job.email_status,
        "photo_url": f"https://media.example.com/photos/{slug}.jpg" if person.index % 2 else None,
        "twitter_url": None,
        "github_url": None,
        "facebook_url": None,
        "extrapolated_email_confidence": None,
        "headline": f"{job.title} at {company.name}",
        "email": None,
        "organization_id": company.apollo_id,
        "employment_history": _employment(view, person, job),
        "state": company.state,
        "city": company.city,
        "country": company.country,
        "departments": departments,
        "subdepartments": subdepartments,
        "seniority": job.seniority,
        "functions": functions,
    }


def _employment(view: View, person: Person, job: Job) -> list[Json]:
    """Return the jobs known so far, the current one first."""
    jobs = [known for known in person.jobs if known.known_at <= view.as_of] or [person.jobs[0]]
    entries: list[Json] = []
    ended: date | None = None
    previous: Job | None = None
    for known in reversed(jobs):
        if previous is not None and known.company == previous.company:
            continue  # a newer version of the same job, such as one with an address
        company = view.agency.companies[known.company]
        number = len(entries)
        entries.append(
            _entry(
                view, person, number, company.apollo_id, company.name, known.title, known.started_on, ended
            )
        )
        ended, previous = known.started_on, known
    if person.earlier is not None:
        name, title, start, end = person.earlier
        entries.append(_entry(view, person, len(entries), None, name, title, start, end))
    return entries


def _entry(
    view: View,
    person: Person,
    number: int,
    organization_id: str | None,
    name: str,
    title: str,
    start: date,
    end: date | None,
) -> Json:
    entry_id = hex_id(view.agency.params, f"employment {number}", person.index)
    return {
        "_id": entry_id,
        "created_at": None,
        "current": end is None,
        "degree": None,
        "description": None,
        "emails": None,
        "end_date": end.isoformat() if end else None,
        "grade_level": None,
        "kind": None,
        "major": None,
        "organization_id": organization_id,
        "organization_name": name,
        "raw_address": None,
        "start_date": start.isoformat(),
        "title": title,
        "updated_at": None,
        "id": entry_id,
        "key": entry_id,
    }


def _organization_head(company: Company) -> Json:
    slug = company.domain.removesuffix(".example")
    return {
        "id": company.apollo_id,
        "name": company.name,
        "website_url": f"http://www.{company.domain}",
        "blog_url": None,
        "angellist_url": None,
        "linkedin_url": f"http://www.linkedin.com/company/{slug}",
        "twitter_url": None,
        "facebook_url": None,
        "primary_phone": {"number": company.phone, "source": "Account"} if company.phone else {},
        "languages": [],
        "alexa_ranking": None,
        "phone": company.phone,
        "linkedin_uid": str(18_500_000 + company.index),
        "founded_year": company.founded_year,
        "publicly_traded_symbol": None,
        "publicly_traded_exchange": None,
        "logo_url": f"https://media.example.com/logos/{slug}.png",
        "crunchbase_url": None,
        "primary_domain": company.domain,
    }


def organization(company: Company) -> Json:
    """Return the organization as enrichment does, with size, place, technologies and funding."""
    tag = hex(0x5567CD4773696439B10B0000 + len(company.industry))[2:]
    funding = company.funding_total
    raised_at = f"{company.funding_on}T00:00:00.000+00:00" if company.funding_on else None
    return {
        **_organization_head(company),
        "industry": company.industry,
        "keywords": list(company.keywords),
        "estimated_num_employees": company.employees,
        "industries": [company.industry],
        "secondary_industries": [],
        "snippets_loaded": True,
        "industry_tag_id": tag,
        "industry_tag_hash": {company.industry: tag},
        "retail_location_count": 0,
        "raw_address": f"{company.city}, {company.state} {company.postal_code}, {company.country}",
        "street_address": None,
        "city": company.city,
        "state": company.state,
        "postal_code": company.postal_code,
        "country": company.country,
        "owned_by_organization_id": None,
        "seo_description": None,
        "short_description": f"{company.name} is a company in {company.industry} in {company.city}.",
        "suborganizations": [],
        "num_suborganizations": 0,
        "annual_revenue_printed": f"{company.revenue / 1e6:.1f}M",
        "annual_revenue": company.revenue,
        "total_funding": funding,
        "total_funding_printed": f"{funding / 1e6:.1f}M" if funding else None,
        "latest_funding_round_date": raised_at,
        "latest_funding_stage": company.funding_stage,
        "funding_events": [],
        "technology_names": list(company.technologies),
        "current_technologies": [
            {"uid": name.lower().replace(" ", "_"), "name": name, "category": "Other"}
            for name in company.technologies
        ],
        "org_chart_root_people_ids": [],
        "org_chart_sector": None,
        "org_chart_removed": None,
        "org_chart_show_department_filter": None,
    }


def _account(view: View, company: Company) -> Json:
    return {
        **_organization_head(company),
        "id": hex_id(view.agency.params, "account", company.index),
        "domain": company.domain,
        "team_id": hex_id(view.agency.params, "team", 0),
        "organization_id": company.apollo_id,
        "account_stage_id": None,
        "source": "csv_import",
        "original_source": "csv_import",
        "creator_id": None,
        "owner_id": None,
        "created_at": "2025-02-21T21:43:26.351Z",
        "phone_status": "no_status",
        "hubspot_id": None,
        "salesforce_id": None,
        "crm_owner_id": None,
        "parent_account_id": None,
        "sanitized_phone": company.phone,
        "account_playbook_statuses": [],
        "account_rule_config_statuses": [],
        "existence_level": "full",
        "label_ids": [],
        "typed_custom_fields": {},
        "custom_field_errors": None,
        "modality": "account",
        "source_display_name": "Uploaded from CSV",
        "salesforce_record_url": None,
        "crm_record_url": None,
    }


def _refreshed(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+00:00"
