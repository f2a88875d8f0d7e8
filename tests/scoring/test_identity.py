"""Who the model links, and whom it never does, on both engines; only new and changed people are looked at."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from scoring.identity import FRESH, PAIRS, find_new
from scoring.identity_model import read_model
from warehouse import Connection, Warehouse

ADA = {"first_name": "Ada", "last_name": "Lovelace", "company_domain": "x.example"}
JOHN = {"first_name": "John", "last_name": "Smith", "company_domain": "y.example", "city": "Leeds"}
BO = {"first_name": "Bo", "last_name": "Marchetti", "company_domain": "z.example"}
EVE = {"first_name": "Eve", "last_name": "Okonkwo", "company_domain": "w.example", "city": "Lagos"}
KIM = {"first_name": "Kim", "last_name": "Vanterpool", "company_domain": "v.example"}
UMA = {"first_name": "Uma", "last_name": "Zellweger", "company_domain": "u.example"}

PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {**ADA, "email_key": "ada.lovelace@x.example"},
    "ada, a slip": {**ADA, "first_name": "ADA", "email_key": "ada.lovelacce@x.example"},
    "john": {**JOHN, "email_key": "john.smith@y.example"},
    "john, a namesake": {**JOHN, "email_key": "john.smith2@y.example"},
    "john, at another company": {**JOHN, "company_domain": "s.example", "email_key": "john.smith@s.example"},
    "eve": {**EVE, "email_key": "eve@w.example"},
    "eve, a name at a company": EVE,
    "bo": {**BO, "phone": "+49 30 1234567", "email_key": "bo@z.example"},
    "bo, by telephone": {**BO, "phone": "030/1234567"},
    "a colleague of bo's": {**BO, "first_name": "Ida", "phone": "+49 30 1234567"},
    "by telephone alone": {"last_name": "Marchetti", "phone": "+49 30 1234567"},
    "bo's office": {**BO, "phone": "+49 30 1234567", "email_key": "office@z.example"},
    "kim": {**KIM, "phone": "+1 555 010 0100", "apollo_id": "1"},
    "kim, another one": {**KIM, "phone": "+1 555 010 0100", "apollo_id": "2"},
    "kim, either": {**KIM, "phone": "+1 555 010 0100"},
    "zoë": {"first_name": "Zoë", "last_name": "ČAPKOVÁ", "phone": "+1 555 010 0300"},
    "zoë, in capitals": {"first_name": "ZOË", "last_name": "Čapková", "phone": "+15550100301"},
    "uma": {**UMA, "phone": "+1 555 010 0200", "part": "d:stays"},
    "uma, split off": {**UMA, "phone": "+1 555 010 0200", "part": "d:goes"},
}
FIELDS = (
    "first_name", "last_name", "email_key", "phone", "company_domain", "company_name", "city", "apollo_id",
    "linkedin_url",
)  # fmt: skip
IDS = {name: str(uuid.UUID(int=number)) for number, name in enumerate(PEOPLE, 1)}


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[Connection]:
    """A pool of the people above, whose only keys are their names."""
    with warehouse.connect() as opened:
        opened.replace(
            "facts.lead_pool",
            {"lead_id": "uuid", **dict.fromkeys(FIELDS, "text")},
            [(IDS[name], *(row.get(field) for field in FIELDS)) for name, row in PEOPLE.items()],
        )
        opened.replace(
            "intermediate.lead_keys",
            {"person_key": "text", "lead_id": "uuid", "first_seen_at": "timestamptz"},
            [(name, IDS[name], datetime(2026, 3, 1, tzinfo=UTC)) for name in PEOPLE],
        )
        opened.replace("seeds.role_mailboxes", {"local_part": "text"}, [("office",)])
        parts = [(name, row["part"]) for name, row in PEOPLE.items() if "part" in row]
        opened.replace("ops.person_parts", {"person_key": "text", "part": "text"}, parts)
        yield opened


def links(connection: Connection) -> set[tuple[str, str]]:
    found = [link for batch in find_new(connection) for link in batch]
    assert all(link.probability >= read_model().threshold for link in found)
    return {(link.left_key, link.right_key) for link in found}


def test_only_what_is_personal_links_and_nobody_is_looked_at_twice(connection: Connection) -> None:
    first = links(connection)
    (kim,) = [pair for pair in first if "kim, either" in pair]  # with one of the two, never with both
    assert kim == ("kim", "kim, either")
    assert first - {kim} == {
        ("ada", "ada, a slip"),
        ("bo", "bo, by telephone"),
        ("zoë", "zoë, in capitals"),
    }
    assert links(connection) == set()
    eve = IDS["eve, a name at a company"]
    connection.execute("update facts.lead_pool set email_key = 'evve@w.example' where lead_id = ?", [eve])
    proposals = find_new(connection)
    next(proposals)
    assert connection.scalar(f"select min(cast(lead_id as text)) || count(*) from {FRESH}") == f"{eve}1"
    others = connection.scalar(f"select count(*) from {PAIRS} where ? not in (left_id, right_id)", [eve])
    assert (others, connection.scalar(f"select count(*) from {PAIRS}")) == (0, 1)
