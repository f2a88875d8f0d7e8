"""What else happens in CRMs: calls and messages, records deleted for good, links that change by themselves.

All of it is drawn from a generator of its own, so that an agency with it is otherwise the same as without.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from sandbox.model import Association, Change, CrmRecord, iso
from sandbox.params import Params
from sandbox.people import seeded

Crm = tuple[tuple[CrmRecord, ...], tuple[Association, ...]]

PURGED_OF_A_KIND = 2
RE_HUNG_DEALS = 2
TOUCHED_CONTACTS = 12
BASES = {"calls": 80_000_000_011, "communications": 90_000_000_019}
DIRECTIONS = ("OUTBOUND", "OUTBOUND", "INBOUND")
CHANNELS = ("LINKEDIN_MESSAGE", "SMS", "WHATS_APP")


def purge_time(params: Params) -> datetime:
    """Return when records are deleted for good and deals change hands: after four fifths of the days."""
    return params.start + timedelta(days=int(0.8 * params.days), hours=12)


def add_extras(params: Params, crm: Crm) -> Crm:
    """Return the records and associations of all portals with what else happens to them."""
    records, links = list(crm[0]), list(crm[1])
    for client, profile in enumerate(params.profiles):
        rng = seeded(params, "extras", client)
        own = [record for record in records if record.client == client]
        purged = _purged(own, links, purge_time(params), rng)
        records[:] = [
            replace(one, deleted_at=purge_time(params)) if one in purged else one for one in records
        ]
        if params.crm(profile.id) == "hubspot":
            left = [one for one in own if one not in purged]
            _re_hang(left, links, purge_time(params), rng)
            touches = _touches(params, client, left, rng)
            records += [touch for touch, _ in touches]
            links += [
                Association(client, (touch.kind, touch.id), ("contacts", contact.id))
                for touch, contact in touches
            ]
    return tuple(records), tuple(links)


def _plain(records: list[CrmRecord], kind: str, at: datetime) -> list[CrmRecord]:
    """Return the records of a kind that are there for a day by then and are never archived or merged."""
    survivors = {one.merged_into for one in records}
    return [
        one
        for one in records
        if one.kind == kind
        and one.created_at < at - timedelta(days=1)
        and one.archived_at is one.merged_at is None
        and one.id not in survivors
    ]


def _purged(records: list[CrmRecord], links: list[Association], at: datetime, rng: Random) -> list[CrmRecord]:
    client = records[0].client if records else None
    busy = {
        link.right[1] for link in links if link.client == client and link.left[0] in ("deals", "meetings")
    }
    found: list[CrmRecord] = []
    for kind in ("contacts", "deals", "meetings"):
        plain = [one for one in _plain(records, kind, at) if kind != "contacts" or one.id not in busy]
        found += rng.sample(plain, min(PURGED_OF_A_KIND, len(plain)))
    return found


def _re_hang(records: list[CrmRecord], links: list[Association], at: datetime, rng: Random) -> None:
    """Let some deals be another contact's from `at` on, which changes no record."""
    contacts = _plain(records, "contacts", at)
    quiet = at - timedelta(days=5)
    deals = [deal for deal in _plain(records, "deals", at) if deal.changes[-1].at < quiet]
    for deal in rng.sample(deals, min(RE_HUNG_DEALS, len(deals))):
        for number, link in enumerate(links):
            if link.client == deal.client and link.left == ("deals", deal.id) and link.right[0] == "contacts":
                other = rng.choice([one for one in contacts if one.id != link.right[1]])
                links[number] = replace(link, until=at)
                links.append(replace(link, right=("contacts", other.id), since=at))
                break


def _touches(
    params: Params, client: int, records: list[CrmRecord], rng: Random
) -> list[tuple[CrmRecord, CrmRecord]]:
    """Return calls and messages, each with the contact it is with."""
    plain = _plain(records, "contacts", params.night())
    found = []
    for number, contact in enumerate(rng.sample(plain, min(TOUCHED_CONTACTS, len(plain)))):
        earliest = max(contact.created_at, params.start)
        at = earliest + (params.night() - earliest) * rng.random()
        kind = "calls" if number % 2 else "communications"
        found.append((_touch(client, kind, number, at.replace(microsecond=0), rng), contact))
    return found


def _touch(client: int, kind: str, number: int, at: datetime, rng: Random) -> CrmRecord:
    values: dict[str, str | None] = {"hs_timestamp": iso(at), "hubspot_owner_id": "51128101"}
    record_id = BASES[kind] + 17 * number + 1000 * client
    if kind == "calls":
        values |= {
            "hs_call_title": "Follow-up call",
            "hs_call_direction": rng.choice(DIRECTIONS),
            "hs_call_status": rng.choice(("COMPLETED", "NO_ANSWER")),
            "hs_call_duration": str(rng.randrange(10_000, 900_000)),
            "hs_call_body": "Talked about the offer",
        }
        return CrmRecord("calls", client, record_id, None, (Change(at, values),))
    values |= {
        "hs_communication_channel_type": CHANNELS[number // 2 % len(CHANNELS)],
        "hs_communication_logged_from": "CRM",
        "hs_communication_body": "<div>Good to meet you</div>",
    }
    return CrmRecord("communications", client, record_id, None, (Change(at, values),))
