"""Random nights of an agency as files to import: late, repeated, corrected, moved and deleted records."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FIRST_NIGHT = datetime(2026, 3, 27, 2, tzinfo=UTC)
CLIENTS = ("acme", "beta")
ADDRESSES = [
    f"{name}@{domain}.example" for name in ("ada", "bo", "cy", "di", "info") for domain in ("x", "y")
]

WINNOW_YML = """
agency: {name: Nights, time_zone: Europe/Berlin, key_salt: nights}
clients:
  - {id: acme, name: Acme, time_zone: America/New_York, icp: {industries: [software], countries: [Germany]}}
  - {id: beta, name: Beta, icp: {titles: [CEO]}, competitors: [y.example]}
"""


def clock(night: int) -> datetime:
    """Return when night `night` (0-based) runs; the clocks change between the first two."""
    return FIRST_NIGHT + timedelta(days=night)


def write_nights(folder: Path, count: int, seed: int) -> Iterator[tuple[datetime, Path]]:
    """Write one folder of files a night and yield it with the time of its run."""
    choose = random.Random(seed)
    for night in range(count):
        target = folder / f"night_{night}"
        target.mkdir(parents=True)
        for entity, rows in _night(choose, night).items():
            lines = [json.dumps(row, default=str) for row in rows if row]
            (target / f"{entity}.jsonl").write_text("\n".join(lines) + "\n")
        yield clock(night), target


def _night(choose: random.Random, night: int) -> dict[str, list[dict[str, Any]]]:
    def some(*values: Any) -> Any:
        return choose.choice(values)

    def person() -> str:
        return choose.choice([*ADDRESSES, "1", "2", "3", "4", "5", "6"])

    def before(hours: int) -> str:
        return (
            clock(0) - timedelta(hours=choose.randrange(1, hours), minutes=choose.randrange(60))
        ).isoformat()

    people = [
        {
            "id": str(choose.randrange(1, 7)),
            "email": some(None, *ADDRESSES),
            "apollo_id": some(None, None, "p1", "p2"),
            "linkedin_url": some(None, None, "https://www.linkedin.com/in/one", "linkedin.com/in/two/"),
            "first_name": some("Ada", None),
            "last_name": some("Lovelace", None),
            "title": some("CEO", "Head of Sales", "Sales Assistant", None),
            "country": some("Germany", "United States", None),
            "state": some("Texas", None),
            "company_domain": some("x.example", "www.Y.example", None),
            "email_status": some("verified", "guessed", None),
            "current_role_started_on": some("2025-12-01", "2019-01-01", None),
            "client": some("acme", None),
        }
        for _ in range(6)
    ]
    messages = [
        {
            "id": str(number := choose.randrange(30)),
            "campaign_id": some("c1", "c2"),
            "lead": person(),
            "step": number % 3 + 1,
            "variant": "AB"[number % 2],
            "sent_at": (clock(0) - timedelta(days=number % 25 + 1, minutes=number)).isoformat(),
            "subject": "Hello",
            "body": "A question",
        }
        for _ in range(10)
    ]
    rows: dict[str, list[dict[str, Any]]] = {
        "people": people,
        "companies": [
            {
                "id": some("k1", "k2"),
                "domain": some("x.example", "y.example", None),
                "name": some("X", "Y"),
                "industry": some("Software", None),
                "employee_count": some(5, 40, None),
            }
        ],
        "campaigns": [
            {"id": name, "name": name.upper(), "client": some(*clients) if night else "acme"}
            for name, clients in (("c1", CLIENTS), ("c2", ("beta", None)))
            if night == 0 or choose.random() < 0.2
        ],
        "templates": [{"id": some("t1", "t2"), "campaign_id": "c1", "step": 1, "variant": some("A", "B")}],
        "customers": [{"id": some("u1", "u2"), "client": "acme", "domain": some("x.example", "z.example")}],
        "campaign_steps": [
            {"campaign_id": "c1", "step_number": step, "wait_days": choose.randrange(4)} for step in (1, 2)
        ],
        "campaign_leads": [
            {
                "campaign_id": some("c1", "c2"),
                "lead": person(),
                "added_at": before(700),
                "holdout": some(True, False),
            }
            for _ in range(5)
        ],
        "messages": messages,
        "message_events": [
            {
                "id": f"e{choose.randrange(30)}",
                "message_id": some(*(message["id"] for message in messages), str(choose.randrange(30))),
                "type": some("opened", "clicked", "bounced", "unsubscribed", "delivered"),
                "time": before(600),
            }
            for _ in range(6)
        ],
        "replies": [
            {
                "id": f"r{choose.randrange(8)}",
                "lead": person(),
                "message_id": some(None, str(choose.randrange(30))),
                "campaign_id": some(None, "c1"),
                "received_at": before(400),
                "body": some("Please remove me", "How much does it cost?", "Yes, let's talk on Monday"),
            }
            for _ in range(3)
        ],
        "meetings": [
            {
                "id": f"m{choose.randrange(4)}",
                "client": some(*CLIENTS),
                "lead": some(None, person()),
                "booked_at": before(300),
                "outcome": some("pending", "no_show", "good"),
            }
        ],
        "deals": [
            {
                "id": f"d{choose.randrange(4)}",
                "client": some(*CLIENTS),
                "lead": some(None, person()),
                "company_id": some("k1", "k2", None),
                "created_at": before(200),
                "closed_at": some(None, before(100)),
                "stage": some("closed_won", "closed_lost", "proposal"),
                "provider_stage": "s",
                "value": choose.randrange(1000),
                "currency": "EUR",
                "is_deleted": some(True, False, False),
            }
        ],
        "deal_stages": [
            {
                "deal_id": f"d{choose.randrange(4)}",
                "provider_stage": some("s", "t"),
                "entered_at": before(150),
            }
        ],
        "outcomes": [
            {"lead": person(), "client": "acme", "name": "visit", "time": before(50), "value": some(0, 1)}
        ],
    }
    return {entity: found for entity, found in rows.items() if found}
