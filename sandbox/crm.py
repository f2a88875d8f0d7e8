"""What the clients' HubSpot portals hold: contacts, companies, meetings, deals, as records with changes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from sandbox.dealing import DealPlan, make_deal_plan, meeting_changes
from sandbox.model import Association, Change, Company, CrmRecord, Enrolment, Person, iso
from sandbox.params import Params
from sandbox.people import Population, seeded
from sandbox.profiles import ClientProfile

SHARE_IMPORTED = 0.08
SHARE_INBOUND_DEAL = 0.25
OWNER_IDS = ("51128101", "51128102")
FORMER_OWNER_IDS = ("51128100",)


@dataclass
class Portal:
    """One client's CRM while it is being filled."""

    params: Params
    client: int
    profile: ClientProfile
    records: list[CrmRecord] = field(default_factory=list)
    associations: list[Association] = field(default_factory=list)
    contact_of: dict[int, CrmRecord] = field(default_factory=dict)
    company_of: dict[int, CrmRecord] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    counters: dict[str, int] = field(default_factory=dict)

    def next_id(self, kind: str) -> int:
        """Return a new record id; the first contacts have short ones, so that ids do not sort as text."""
        number = self.counters.get(kind, 0)
        self.counters[kind] = number + 1
        base = {"contacts": 103_107_104_018, "companies": 29_022_297_485, "deals": 12_345_678_901}
        if kind == "contacts" and number < 12:
            return 1 + 50 * number
        return base.get(kind, 71_986_964_908) + 17 * number + 1000 * self.client

    def add(self, record: CrmRecord) -> CrmRecord:
        """Keep a record."""
        self.records.append(record)
        return record

    def link(self, left: CrmRecord, right: CrmRecord) -> None:
        """Associate two records."""
        self.associations.append(Association(self.client, (left.kind, left.id), (right.kind, right.id)))

    def owner(self, rng: Random) -> str:
        """Pick one of the portal's two owners."""
        return rng.choice(OWNER_IDS)


def make_crm(
    params: Params, population: Population, enrolments: tuple[Enrolment, ...], client_of: dict[int, int]
) -> tuple[tuple[CrmRecord, ...], tuple[Association, ...]]:
    """Fill every client's portal. client_of: campaign id → index of its client."""
    portals = [Portal(params, client, profile) for client, profile in enumerate(params.profiles)]
    for portal in portals:
        _import_contacts(portal, population)
    for enrolment in enrolments:
        _follow_up(portals[client_of[enrolment.campaign]], population, enrolment)
    for portal in portals:
        _duplicate_contacts(portal, population)
    records = [_cut(record, params.horizon) for portal in portals for record in portal.records]
    kept = tuple(record for record in records if record is not None)
    links = tuple(link for portal in portals for link in portal.associations)
    return kept, links


def _cut(record: CrmRecord, horizon: datetime) -> CrmRecord | None:
    """Forget what would happen after the horizon."""
    changes = tuple(change for change in record.changes if change.at < horizon)
    return replace(record, changes=changes) if changes else None


def _import_contacts(portal: Portal, population: Population) -> None:
    """Contacts that were in the CRM before: some of those enrolled, and people known to nobody else."""
    params = portal.params
    rng = seeded(params, "import", portal.client)
    for index in sorted(population.enrolled[portal.client]):
        person = population.people[index]
        if person.kind == "person" and rng.random() < SHARE_IMPORTED:
            created_at = params.start - timedelta(seconds=rng.randrange(86_400, 300 * 86_400))
            _contact(portal, population, person, created_at, rng)
    for index in population.crm_only[portal.client]:
        day = rng.randrange(-30, params.days + params.nights_after)
        created_at = params.start + timedelta(days=day, seconds=rng.randrange(86_400))
        contact = _contact(portal, population, population.people[index], created_at, rng)
        if rng.random() < SHARE_INBOUND_DEAL:
            _deal(portal, population, contact, created_at + timedelta(hours=5), rng)


def _company(portal: Portal, company: Company, created_at: datetime) -> CrmRecord:
    known = portal.company_of.get(company.index)
    if known is not None and known.created_at <= created_at:
        return known
    properties: dict[str, str | None] = {
        "name": company.name,
        "domain": company.domain,
        "website": f"https://www.{company.domain}",
        "phone": company.phone,
        "numberofemployees": str(company.employees),
        "country": company.country,
        "state": company.state,
        "city": company.city,
        "zip": company.postal_code,
    }
    if known is not None:  # an earlier contact is created after a later one: the company is as old as it
        moved = replace(known, changes=(Change(created_at, properties),))
        portal.records[portal.records.index(known)] = moved
        portal.company_of[company.index] = moved
        return moved
    record = portal.add(
        CrmRecord(
            "companies", portal.client, portal.next_id("companies"), None, (Change(created_at, properties),)
        )
    )
    portal.company_of[company.index] = record
    return record


def _contact(
    portal: Portal, population: Population, person: Person, created_at: datetime, rng: Random
) -> CrmRecord:
    """Return the person's contact, made at `created_at` unless there already is one."""
    known = portal.contact_of.get(person.index)
    if known is not None:
        return known
    job = person.job_at(created_at)
    company = population.companies[job.company]
    # the profile is what links records whose addresses differ, and must not be missing there
    needs_profile = len(person.jobs) > 1 or person.lead_email != person.jobs[0].email or not person.in_apollo
    shows_profile = person.linkedin is not None and (needs_profile or rng.random() < 0.6)
    is_private = rng.random() < 0.01
    private = f"{person.first_name}.{person.last_name}.{person.index}@freemail.example".lower()
    properties: dict[str, str | None] = {
        "email": private if is_private else person.lead_email,
        "hs_additional_emails": person.lead_email if is_private else None,
        "firstname": person.first_name,
        "lastname": person.last_name,
        "jobtitle": job.title,
        "company": company.name,
        "phone": person.phone if rng.random() < 0.5 else None,
        "website": company.domain,
        "country": company.country,
        "state": company.state,
        "city": company.city,
        "hs_linkedin_url": person.linkedin if shows_profile else None,
        "lifecyclestage": "lead",
        "hubspot_owner_id": portal.owner(rng),
    }
    record = portal.add(
        CrmRecord(
            "contacts",
            portal.client,
            portal.next_id("contacts"),
            person.index,
            (Change(created_at, properties),),
        )
    )
    portal.contact_of[person.index] = record
    portal.link(record, _company(portal, company, created_at))
    return record


def _follow_up(portal: Portal, population: Population, enrolment: Enrolment) -> None:
    """A positive reply becomes a contact, often a meeting, and then a deal."""
    positive = next((reply for reply in enrolment.replies if reply.is_positive), None)
    person = population.people[enrolment.person]
    if positive is None or person.kind != "person":
        return
    rng = seeded(portal.params, "follow-up", enrolment.index)
    contact = _contact(
        portal, population, person, positive.known_at + timedelta(minutes=rng.randrange(10, 600)), rng
    )
    begins = max(positive.known_at, contact.created_at) + timedelta(minutes=5)
    if rng.random() < {"meeting_request": 0.9, "referral": 0.3}.get(positive.intent, 0.6):
        held_at = _meeting(portal, population, contact, begins, rng, "Intro call")
        if held_at is not None and rng.random() < 0.65:
            _deal(portal, population, contact, held_at + timedelta(minutes=rng.randrange(30, 1500)), rng)
    elif rng.random() < 0.08:
        _deal(portal, population, contact, begins + timedelta(days=1), rng)


def _meeting(
    portal: Portal, population: Population, contact: CrmRecord, earliest: datetime, rng: Random, what: str
) -> datetime | None:
    """Book a meeting; return when it was over, or None when nobody came."""
    assert contact.person is not None
    person = population.people[contact.person]
    company = population.companies[person.job_at(earliest).company]
    title = f"{what}: {company.name} / {portal.profile.name}"
    changes, held_at = meeting_changes(rng, earliest, title, portal.owner(rng), company.time_zone)
    archived_at = changes[0].at + timedelta(days=1) if rng.random() < 0.02 and held_at is None else None
    record = CrmRecord(
        "meetings", portal.client, portal.next_id("meetings"), person.index, changes, archived_at=archived_at
    )
    portal.add(record)
    portal.link(record, contact)
    portal.used.add(contact.id)
    return held_at


def _deal(
    portal: Portal, population: Population, contact: CrmRecord, opened_at: datetime, rng: Random
) -> None:
    """Open a deal and let it move; some are entered twice and merged, some are deleted."""
    assert contact.person is not None
    person = population.people[contact.person]
    company = population.companies[person.job_at(contact.created_at).company]
    plan: DealPlan = make_deal_plan(rng, portal.profile, company, portal.owner(rng), opened_at)
    record = CrmRecord(
        "deals",
        portal.client,
        portal.next_id("deals"),
        person.index,
        plan.changes,
        archived_at=plan.archived_at,
    )
    portal.used.add(contact.id)
    if plan.archived_at is None and rng.random() < 0.12:
        merged_at = opened_at + timedelta(days=rng.randrange(1, 4), hours=3)
        twin = replace(
            record,
            id=portal.next_id("deals"),
            changes=(Change(opened_at + timedelta(hours=1), plan.changes[0].properties),),
            merged_at=merged_at,
            merged_into=record.id,
        )
        merged = Change(merged_at, {"hs_merged_object_ids": str(twin.id)})
        record = replace(record, changes=tuple(sorted((*record.changes, merged), key=lambda c: c.at)))
        portal.add(twin)
        portal.link(twin, contact)
    portal.add(record)
    portal.link(record, contact)
    company_record = portal.company_of.get(company.index)
    if company_record is not None:
        portal.link(record, company_record)
    if plan.demo_at is not None:
        _meeting(portal, population, contact, plan.demo_at, rng, "Demo")


def _duplicate_contacts(portal: Portal, population: Population) -> None:
    """Enter some contacts a second time under a private address; half of those are merged later."""
    rng = seeded(portal.params, "duplicates", portal.client)
    for index, contact in sorted(portal.contact_of.items()):
        person = population.people[index]
        values = contact.changes[0].properties
        if values["hs_linkedin_url"] is None or rng.random() >= 0.06:
            if contact.id not in portal.used and person.in_apollo and rng.random() < 0.03:
                gone = replace(contact, archived_at=contact.created_at + timedelta(days=rng.randrange(3, 60)))
                portal.records[portal.records.index(contact)] = gone
            continue
        created_at = max(contact.created_at, portal.params.start) + timedelta(
            days=rng.randrange(1, 20), hours=7
        )
        private = f"{person.first_name}{person.last_name}{person.index}@freemail.example".lower()
        meeting = _meeting_of(portal, contact)
        if meeting is not None:
            created_at = meeting.created_at - timedelta(minutes=10)
        merged_at = created_at + timedelta(days=rng.randrange(4, 25)) if rng.random() < 0.5 else None
        twin = portal.add(
            CrmRecord(
                "contacts",
                portal.client,
                portal.next_id("contacts"),
                index,
                (
                    Change(
                        created_at,
                        {**values, "email": private, "jobtitle": None, "hs_additional_emails": None},
                    ),
                ),
                merged_at=merged_at,
                merged_into=contact.id if merged_at else None,
            )
        )
        if merged_at is not None:
            if meeting is not None:
                _hang_on_twin(portal, meeting, contact, twin)
            more = ";".join(filter(None, (values["hs_additional_emails"], private)))
            change = Change(merged_at, {"hs_merged_object_ids": str(twin.id), "hs_additional_emails": more})
            kept = replace(contact, changes=(*contact.changes, change))
            portal.records[portal.records.index(contact)] = kept


def _meeting_of(portal: Portal, contact: CrmRecord) -> CrmRecord | None:
    """Return a meeting of the contact, or None."""
    held = {a.left[1] for a in portal.associations if a.left[0] == "meetings" and a.right[1] == contact.id}
    return next(
        (record for record in portal.records if record.kind == "meetings" and record.id in held), None
    )


def _hang_on_twin(portal: Portal, meeting: CrmRecord, contact: CrmRecord, twin: CrmRecord) -> None:
    """Let the meeting be the twin's instead of the contact's; a merge will give it back."""
    old = Association(portal.client, ("meetings", meeting.id), ("contacts", contact.id))
    portal.associations[portal.associations.index(old)] = replace(old, right=("contacts", twin.id))


def owners(*, is_archived: bool = False) -> list[dict[str, object]]:
    """Return the owners of every portal, as HubSpot lists them, or those who have left."""
    names = (("Ines", "Falk"),) if is_archived else (("Hannah", "Price"), ("Tom", "Nyström"))
    ids = FORMER_OWNER_IDS if is_archived else OWNER_IDS
    created = iso(datetime(2024, 3, 1, 9))
    return [
        {
            "id": owner_id,
            "email": f"{first.lower()}@client.example",
            "firstName": first,
            "lastName": last,
            "userId": int(owner_id) - 51_000_000,
            "createdAt": created,
            "updatedAt": created,
            "archived": is_archived,
            "type": "PERSON",
        }
        for owner_id, (first, last) in zip(ids, names, strict=True)
    ]
