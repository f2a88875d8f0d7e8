"""Companies and people: who there is, what Apollo knows of them, and the awkward cases among them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import md5
from random import Random

from sandbox.model import Company, Job, Person
from sandbox.names import (
    COMPANY_HEADS,
    COMPANY_TAILS,
    FIRST_NAMES,
    FUNDING_STAGES,
    INDUSTRY_WORDS,
    LAST_NAMES,
    ROLE_MAILBOXES,
)
from sandbox.params import Params
from sandbox.profiles import PLACES, TITLE_WEIGHTS, TITLES

PEOPLE_PER_COMPANY = 1.5
"""Few, because people of one company share its industry and size: their answers are no independent draws."""
SHARE_APOLLO_ONLY = 0.22
SHARE_CRM_ONLY = 0.02
SHARE_NOISE = 0.02
SHARE_ENROLLED_AFTER = 0.08


def seeded(params: Params, kind: str, index: int) -> Random:
    """Return the random stream of one record; independent of every other record's."""
    return Random(f"{params.seed}|{kind}|{index}")


def hex_id(params: Params, kind: str, index: int, length: int = 24) -> str:
    """Return an id of lower-case hexadecimal digits, as Apollo's."""
    return md5(f"{params.seed}|{kind}|{index}".encode(), usedforsecurity=False).hexdigest()[:length]


@dataclass
class Population:
    """Everybody, and who of them is enrolled (in order of enrolment), only in Apollo, or only in the CRM."""

    companies: list[Company] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    enrolled: list[list[int]] = field(default_factory=list)
    crm_only: list[list[int]] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)


def split(total: int, parts: int) -> list[int]:
    """Split `total` into `parts` nearly equal counts."""
    return [total // parts + (1 if part < total % parts else 0) for part in range(parts)]


def make_population(params: Params) -> Population:
    """Create all companies and people of the agency's world."""
    population = Population()
    enrolled_in_all = params.leads + round(params.leads * SHARE_ENROLLED_AFTER)
    for market, count in enumerate(split(enrolled_in_all, params.clients)):
        _make_market(params, population, market, count)
    for _ in range(round(params.leads * SHARE_NOISE)):
        company = _add_company(params, population, -1)
        _add_person(params, population, -1, company, after=False)
    return population


def _make_market(params: Params, population: Population, market: int, enrolled: int) -> None:
    apollo_only = round(enrolled * SHARE_APOLLO_ONLY)
    crm_only = round(enrolled * SHARE_CRM_ONLY)
    total = enrolled + apollo_only + crm_only
    companies = [
        _add_company(params, population, market) for _ in range(max(2, round(total / PEOPLE_PER_COMPANY)))
    ]
    rng = seeded(params, "market", market)
    members = [
        _add_person(params, population, market, rng.choice(companies), after=number >= enrolled)
        for number in range(total)
    ]
    in_campaigns, rest = members[:enrolled], members[enrolled:]
    for person in in_campaigns:
        _make_awkward(params, population, person, companies)
    for person in rest[:apollo_only]:
        _make_unreachable(params, population, person)
    for person in rest[apollo_only:]:
        population.people[person] = replace(population.people[person], in_apollo=False, phone=None)
    rng.shuffle(in_campaigns)
    population.enrolled.append(in_campaigns)
    population.crm_only.append(rest[apollo_only:])


def _add_company(params: Params, population: Population, market: int) -> int:
    index = len(population.companies)
    rng = seeded(params, "company", index)
    profile = params.profiles[market] if market >= 0 else None
    industry = rng.choice(profile.industries) if profile else "sports"
    low, high = rng.choice(profile.bands) if profile else (1, 5)
    country = _weighted(rng, dict(profile.countries)) if profile else "Brazil"
    state, city, time_zone, postal_code = rng.choice(PLACES[country])
    name = f"{rng.choice(COMPANY_HEADS)}{rng.choice(COMPANY_TAILS)} {INDUSTRY_WORDS[industry]}"
    slug = name.lower().replace(" ", "-")
    while slug in population.domains:
        slug = f"{slug.rstrip('0123456789')}{rng.randrange(2, 10_000)}"
    population.domains.add(slug)
    employees = rng.randint(low, high)
    is_funded = rng.random() < 0.3
    funding_on = (params.start - timedelta(days=rng.randrange(30, 1500))).date()
    population.companies.append(
        Company(
            index=index,
            market=market,
            apollo_id=hex_id(params, "organization", index),
            name=name,
            domain=f"{slug}.example",
            industry=industry,
            employees=employees,
            country=country,
            state=state,
            city=city,
            time_zone=time_zone,
            postal_code=postal_code,
            founded_year=rng.randrange(1965, 2023),
            phone=f"+1202555{rng.randrange(10_000):04d}" if rng.random() < 0.6 else None,
            revenue=employees * rng.randrange(80, 220) * 1000,
            technologies=tuple(sorted(rng.sample(profile.technologies, 3))) if profile else (),
            keywords=(industry, INDUSTRY_WORDS[industry].lower()),
            funding_stage=rng.choice(FUNDING_STAGES) if is_funded else None,
            funding_on=funding_on if is_funded else None,
            funding_total=rng.randrange(5, 400) * 100_000 if is_funded else None,
        )
    )
    return index


def _add_person(params: Params, population: Population, market: int, company: int, *, after: bool) -> int:
    """Add a person who works at `company`; `after` allows Apollo to learn of the person late."""
    index = len(population.people)
    rng = seeded(params, "person", index)
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    group = _weighted(rng, TITLE_WEIGHTS) if market >= 0 else "manager"
    seniority, titles = TITLES[group]
    title = rng.choice(titles) if market >= 0 else "Football Coach"
    email = address(population, company, first, last)
    # either well below six months or well above a year, for all nights that are simulated
    in_role = rng.randrange(5, 60) if rng.random() < 0.25 else rng.randrange(420, 3000)
    started_on = (params.start - timedelta(days=in_role)).date()
    known_at = _moment(rng, params.start - timedelta(days=200), 190)
    if after and rng.random() < 0.2:
        known_at = _moment(rng, params.start + timedelta(days=1), params.days + 30)
    before = started_on - timedelta(days=rng.randrange(900, 2000))
    job = Job(known_at, company, title, group, seniority, email, _status(rng), started_on)
    population.people.append(
        Person(
            index=index,
            market=market,
            kind="person",
            apollo_id=hex_id(params, "person", index),
            in_apollo=True,
            first_name=first,
            last_name=last,
            lead_email=email,
            linkedin=_linkedin(params, index, first, last) if rng.random() < 0.95 else None,
            phone=f"+1303555{rng.randrange(10_000):04d}" if rng.random() < 0.3 else None,
            jobs=(job,),
            locked=False,
            gateway=rng.random() < 0.2,
            earlier=(f"{rng.choice(COMPANY_HEADS)} Partners", rng.choice(titles), before, started_on),
        )
    )
    return index


def _make_awkward(params: Params, population: Population, index: int, companies: list[int]) -> None:
    """Turn some enrolled people into the cases that identity resolution has to get right."""
    rng = seeded(params, "awkward", index)
    draw = rng.random()
    person = population.people[index]
    job = person.jobs[0]
    profile_url = person.linkedin or _linkedin(params, index, person.first_name, person.last_name)
    if draw < 0.02:  # two addresses: Apollo knows one, the campaign uses the other
        second = address(population, job.company, person.first_name[0], person.last_name)
        population.people[index] = replace(person, lead_email=second, linkedin=profile_url)
    elif draw < 0.035:
        moved = _new_job(params, population, person, rng, companies)
        population.people[index] = replace(person, linkedin=profile_url, jobs=(job, moved))
    elif draw < 0.04:  # a second person of the same name at the same company, known to Apollo only
        _add_namesake(params, population, person)
    elif draw < 0.05:
        population.people[index] = _role_mailbox(population, person, rng)
    elif draw < 0.07:
        population.people[index] = replace(person, in_apollo=False)


def _new_job(
    params: Params, population: Population, person: Person, rng: Random, companies: list[int]
) -> Job:
    """Return the job that the person changes to at some night: same rank, other company, same market."""
    old = person.jobs[0]
    company = rng.choice([index for index in companies if index != old.company])
    known_at = _moment(rng, params.start + timedelta(days=10), params.days + 25)
    started_on = (known_at - timedelta(days=rng.randrange(10, 35))).date()
    email = address(population, company, person.first_name, person.last_name)
    title = rng.choice(TITLES[old.title_group][1])
    return Job(known_at, company, title, old.title_group, old.seniority, email, "verified", started_on)


def _add_namesake(params: Params, population: Population, person: Person) -> None:
    twin = population.people[
        _add_person(params, population, person.market, person.jobs[0].company, after=False)
    ]
    email = address(population, person.jobs[0].company, person.first_name, person.last_name)
    population.people[twin.index] = replace(
        twin,
        first_name=person.first_name,
        last_name=person.last_name,
        lead_email=email,
        linkedin=_linkedin(params, twin.index, person.first_name, person.last_name),
        jobs=(replace(twin.jobs[0], email=email),),
    )


def _role_mailbox(population: Population, person: Person, rng: Random) -> Person:
    company = population.companies[person.jobs[0].company]
    boxes = [f"{box}@{company.domain}" for box in ROLE_MAILBOXES]
    free = [box for box in boxes if box not in population.addresses]
    if not free:
        return person
    email = rng.choice(free)
    population.addresses.add(email)
    job = replace(person.jobs[0], title="", title_group="none", seniority="", email=None, email_status="")
    return replace(
        person, kind="role_mailbox", in_apollo=False, first_name="Team", last_name=None, lead_email=email,
        linkedin=None, phone=None, jobs=(job,), earlier=None,
    )  # fmt: skip


def _make_unreachable(params: Params, population: Population, index: int) -> None:
    """Let Apollo hide or not know the address of some people who are in no campaign."""
    rng = seeded(params, "unreachable", index)
    person = population.people[index]
    job = person.jobs[0]
    profile_url = person.linkedin or _linkedin(params, index, person.first_name, person.last_name)
    draw = rng.random()
    if draw < 0.25:
        job = replace(job, email_status="verified")
        population.people[index] = replace(person, locked=True, linkedin=profile_url, jobs=(job,))
    elif draw < 0.45:
        unknown = replace(job, email=None, email_status="unavailable")
        found_at = _moment(rng, max(params.start, job.known_at) + timedelta(days=5), params.days + 20)
        later = (replace(job, known_at=found_at),) if rng.random() < 0.3 else ()
        population.people[index] = replace(person, linkedin=profile_url, jobs=(unknown, *later))


def address(population: Population, company: int, first: str, last: str | None) -> str:
    """Return a new, unused work address at the company."""
    domain = population.companies[company].domain
    local = f"{first}.{last}".lower()
    email, number = f"{local}@{domain}", 2
    while email in population.addresses:
        email, number = f"{local}{number}@{domain}", number + 1
    population.addresses.add(email)
    return email


def _linkedin(params: Params, index: int, first: str, last: str | None) -> str:
    return f"http://www.linkedin.com/in/{first}-{last}-{hex_id(params, 'linkedin', index, 8)}".lower()


def _status(rng: Random) -> str:
    return "verified" if rng.random() < 0.9 else "unverified"


def _moment(rng: Random, earliest: datetime, days: int) -> datetime:
    return earliest + timedelta(seconds=rng.randrange(days * 86_400))


def _weighted(rng: Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]
