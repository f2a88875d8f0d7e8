"""What came back as a reply acts the night it is loaded: on codes, suppressions, exports and the pool."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.export import export_contacts, export_leads
from pipeline.pool import judged
from pipeline.pool_sql import of_people
from tests.conftest import NewProfile
from tests.engines.nights import Night
from tests.engines.replay import Replay
from warehouse import Warehouse

WINNOW_YML = """
agency: {name: Replies, time_zone: UTC, key_salt: replies}
clients:
  - {id: acme, name: Acme, time_zone: Europe/Berlin, postal_address: 1 High Street}
"""
NIGHTS = (
    datetime(2026, 3, 1, 2, tzinfo=UTC),
    datetime(2026, 3, 2, 2, tzinfo=UTC),
    datetime(2026, 3, 11, 2, tzinfo=UTC),
)
PEOPLE = ("silent", "unsubscribed", "angry", "away", "bounced", "full", "reporting")
"""Who is found, assigned and written to on the first night, and on the second one …"""

REPORT = "multipart/report; report-type="
DAEMON = {"From": "MAILER-DAEMON@mx.example", "Content-Type": f"{REPORT}delivery-status"}
ANSWERS: dict[str, tuple[str, str, dict[str, str]]] = {
    "unsubscribed": ("Re: Hello", "Please remove me from your list.", {}),
    "angry": ("Re: Hello", "Stop spamming me, you idiots!", {}),
    "away": ("Out of office", "I am out of the office until 10 March 2026.", {}),
    "bounced": ("Undelivered Mail Returned to Sender", "550 5.1.1 <bounced@w.example>: User unknown", DAEMON),
    "full": ("Delivery Status Notification (Delay)", "452 4.2.2 <full@w.example>: Mailbox full", DAEMON),
    "reporting": ("Abuse report", "Feedback-Type: abuse", {"Content-Type": f"{REPORT}feedback-report"}),
}
"""… sends this: subject, text and headers."""

OPTED_OUT = {"unsubscribed_globally", "pool_status_unsubscribed", "suppressed_unsubscribed"}
CODES = {
    "silent": set[str](),
    "unsubscribed": OPTED_OUT | {"replied_unsubscribe"},
    "angry": OPTED_OUT | {"suppressed_do_not_contact", "replied_angry"},
    "away": {"out_of_office_until"},
    "bounced": {"bounced_globally", "pool_status_bounced", "suppressed_bounced"},
    "full": set[str](),
    "reporting": OPTED_OUT | {"suppressed_complained"},
}
"""Why each must be left alone after that night."""


@pytest.fixture
def target(engine: str, tmp_path: Path, new_profile: NewProfile) -> Replay:
    """An empty warehouse of the engine under test."""
    return Replay(new_profile(engine, tmp_path), WINNOW_YML)


def night(target: Replay, number: int, records: dict[str, list[dict[str, Any]]]) -> None:
    """Run and publish a night that brings these records."""
    files = Night(0, 0, {"files": records} if records else {}).write(target.folder / str(number))
    target.night(NIGHTS[number], files)


def first() -> dict[str, list[dict[str, Any]]]:
    """Return the records of the first night."""
    campaign = {"campaign_id": "c1"}
    return {
        "campaigns": [{"id": "c1", "name": "One", "client": "acme", "status": "active"}],
        "campaign_steps": [campaign | {"step": 1, "wait_days": 0}, campaign | {"step": 2, "wait_days": 9}],
        "people": [
            {
                "id": name,
                "email": f"{name}@w.example",
                "email_status": "verified",
                "first_name": name.title(),
                "last_name": "Moor",
                "title": "CEO",
                "company_name": "W",
                "company_domain": "w.example",
                "client": "acme",
            }
            for name in PEOPLE
        ],
        "messages": [
            campaign | {"id": f"m-{name}", "lead": name, "step": 1, "sent_at": "2026-02-20T09:00:00Z"}
            for name in PEOPLE
        ],
    }


def second() -> dict[str, list[dict[str, Any]]]:
    """Return the replies of the second night."""
    return {
        "replies": [
            {
                "id": f"r-{name}",
                "lead": name,
                "message_id": f"m-{name}",
                "received_at": "2026-03-01T10:00:00Z",
                "subject": subject,
                "body": body,
                "headers": json.dumps(headers) if headers else None,
            }
            for name, (subject, body, headers) in ANSWERS.items()
        ]
    }


def codes(warehouse: Warehouse, about: str = "about") -> dict[str, set[str]]:
    """Return each one's codes for a campaign that they are not in yet; about: only what is about that."""
    found = defaultdict[str, set[str]](set)
    with warehouse.connect() as connection:
        for row in connection.rows(
            "select pool.email, codes.code from answers.send_eligibility as codes"
            " inner join facts.lead_pool as pool on codes.lead_id = pool.lead_id"
            f" where codes.campaign_id is null and codes.about = {about}"
        ):
            found[row["email"].split("@")[0]].add(row["code"])
    return {name: found[name] for name in PEOPLE}


def exported(target: Replay, run_at: datetime) -> tuple[set[str], dict[str, set[str]]]:
    """Publish; return who stands in the export of contacts, and the codes in that of leads."""
    state_dir = target.publish(run_at)
    contacts, leads = target.folder / "contacts.csv", target.folder / "leads.csv"
    with target.warehouse.published(state_dir) as reader:
        export_contacts(reader, "acme", contacts)
        export_leads(reader, "acme", leads)

    def rows(path: Path) -> list[dict[str, str]]:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return (
        {row["email"].split("@")[0] for row in rows(contacts)},
        {
            row["email"].split("@")[0]: set(filter(None, row["failing_codes"].split("; ")))
            for row in rows(leads)
        },
    )


def suppressed_in_pool(warehouse: Warehouse, run_at: datetime) -> set[str]:
    """Return who would not be taken from the pool for the client."""
    keys = [f"email:{name}@w.example" for name in PEOPLE]
    with warehouse.connect() as connection:
        rows = judged(connection, of_people(len(keys)), "acme", run_at, keys)
        left_out = [row["lead_id"] for row in rows if row["is_suppressed"]]
        emails = connection.rows("select cast(lead_id as text) as lead_id, email from facts.lead_pool")
    return {row["email"].split("@")[0] for row in emails if row["lead_id"] in left_out}


def test_what_comes_back_tonight_blocks_tonight(target: Replay) -> None:
    night(target, 0, first())
    before = codes(target.warehouse)
    assert {name: found for name, found in codes(target.warehouse, "'person'").items() if found} == {}
    assert exported(target, NIGHTS[0]) == (set(PEOPLE), before)
    assert suppressed_in_pool(target.warehouse, NIGHTS[0]) == set()

    night(target, 1, second())
    assert codes(target.warehouse, "'person'") == CODES
    blocked = {name for name, found in CODES.items() if found}
    contacts, leads = exported(target, NIGHTS[1])
    assert contacts == set(PEOPLE) - blocked
    assert leads == codes(target.warehouse)
    assert suppressed_in_pool(target.warehouse, NIGHTS[1]) == blocked

    night(target, 2, {})
    still = codes(target.warehouse, "'person'")
    assert still == CODES | {"away": set()}
    assert codes(target.warehouse)["away"] == before["away"]
    assert exported(target, NIGHTS[2])[0] == set(PEOPLE) - blocked | {"away"}
