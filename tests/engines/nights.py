"""Random nights of an agency as files to import, drawn by Hypothesis from a small world.

The world is small so that records meet: few people with few addresses, so that they merge and come apart; few
values a field, so that a correction goes back (A → B → A); few ids, so that records repeat, move and vanish.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

FIRST_NIGHT = datetime(2026, 3, 27, 2, tzinfo=UTC)
"""The clocks of Europe change between the first two nights."""

HOURS = (24, 1, -30, 0, 24 * 40)
"""How much later a night runs: a day, an hour, earlier (a clock set back), at the same instant, weeks."""

ACCOUNTS = ("files", "crm")

Record = dict[str, Any]


@dataclass(frozen=True)
class Night:
    """One night.

    hours: after the one before. settings: which of SETTINGS winnow.yml says. records: account and entity to
    what is loaded, in order; an account that has none is not loaded. by_hand: merges and splits before it.
    changes: what the log of merges and splits says after it, in order of text; None where nobody asks.
    """

    hours: int
    settings: int
    records: dict[str, dict[str, list[Record]]] = field(default_factory=dict)
    by_hand: tuple[tuple[str, ...], ...] = ()
    changes: tuple[str, ...] | None = None

    def write(self, folder: Path) -> dict[str, Path]:
        """Write one folder of files an account, and return them."""
        written = {}
        for account, entities in self.records.items():
            target = folder / account
            target.mkdir(parents=True)
            for entity, rows in entities.items():
                (target / f"{entity}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
            written[account] = target
        return written


_HEAD = "agency: {{name: Nights, time_zone: {zone}, key_salt: nights, reply_window_days: {window}}}\n"
_ACME = (
    "  - {id: acme, name: Acme, time_zone: America/New_York, postal_address: 1 High Street,"
    " icp: {industries: [software], countries: [Germany]}}\n"
)
_BETA = "  - {id: beta, name: Beta, icp: {titles: [CEO]}, competitors: [y.example]}\n"
_MOVED = "  - {id: acme, name: Acme Ltd, time_zone: Asia/Tokyo, icp: {industries: [farming]}}\n"
_TEST = "experiments:\n  - {id: test, client: acme, campaign: c1, arms: {A: 0.5, B: 0.5}}\n"

SETTINGS = (
    _HEAD.format(zone="Europe/Berlin", window=14) + "clients:\n" + _ACME + _BETA,
    _HEAD.format(zone="Europe/Berlin", window=14) + "clients:\n" + _MOVED,
    _HEAD.format(zone="America/New_York", window=3) + "clients:\n" + _ACME + _BETA + _TEST,
)
"""What winnow.yml may say: the second has a client less and another one changed, the third other windows."""

EMAILS = ("ada@x.example", "bo@y.example", "info@x.example", "Ada@Y.example")
PEOPLE = ("p1", "p2", "p3", "p4")
LEADS = (*EMAILS, *PEOPLE)
CLIENTS = ("acme", "beta")


def _one(*values: Any) -> SearchStrategy[Any]:
    return st.sampled_from(values)


def _maybe(*values: Any) -> SearchStrategy[Any]:
    return st.sampled_from((None, *values))


def _moment() -> SearchStrategy[str]:
    return st.integers(0, 40).map(lambda n: (FIRST_NIGHT - timedelta(hours=37 * n, minutes=n)).isoformat())


ENTITIES: dict[str, SearchStrategy[Record]] = {
    "people": st.fixed_dictionaries(
        {
            "id": _one(*PEOPLE),
            "email": _maybe(*EMAILS),
            "apollo_id": _maybe("a1", "a2"),
            "linkedin_url": _maybe("https://www.linkedin.com/in/one", "linkedin.com/in/two/"),
            "first_name": _maybe("Ada"),
            "title": _maybe("CEO", "Sales Assistant"),
            "country": _maybe("Germany", "United States"),
            "state": _maybe("Texas"),
            "company_id": _maybe("k1", "k2"),
            "company_domain": _maybe("x.example", "www.Y.example"),
            "company_name": _maybe("X", "Ex"),
            "email_status": _maybe("verified", "guessed"),
            "is_unsubscribed": _maybe(True, False),
            "client": _maybe(*CLIENTS),
        }
    ),
    "companies": st.fixed_dictionaries(
        {
            "id": _one("k1", "k2"),
            "domain": _maybe("x.example", "y.example"),
            "name": _maybe("X Inc", "Y Inc"),
            "industry": _maybe("Software", "Farming"),
            "employee_count": _maybe(5, 40),
        }
    ),
    "campaigns": st.fixed_dictionaries(
        {"id": _one("c1", "c2"), "name": _one("One", "Two"), "client": _maybe(*CLIENTS)}
    ),
    "campaign_leads": st.fixed_dictionaries(
        {
            "campaign_id": _one("c1", "c2"),
            "lead": _one(*LEADS),
            "added_at": _moment(),
            "variant": _maybe("A", "B"),
            "holdout": _maybe(True),
        }
    ),
    "messages": st.fixed_dictionaries(
        {
            "id": _one("m1", "m2", "m3", "m4", "m5", "m6"),
            "campaign_id": _maybe("c1", "c2"),
            "client": _maybe(*CLIENTS),
            "lead": _one(*LEADS),
            "step": _one(1, 2),
            "variant": _maybe("A", "B"),
            "sent_at": _moment(),
            "mailbox": _maybe("ann@send.example", "Bo@send.example"),
            "template_id": _maybe("t1"),
            "subject": _maybe("An idea"),
            "body": _maybe("Open to a look?", "Hi {{first_name}}", "Haben Sie Zeit?"),
        }
    ),
    "mailboxes": st.fixed_dictionaries(
        {
            "id": _one("b1", "b2"),
            "client": _maybe(*CLIENTS),
            "email": _maybe("Ann@send.example", "bo@send.example"),
            "status": _maybe("active", "error"),
            "daily_limit": _maybe(1, 40),
            "created_at": _moment(),
        }
    ),
    "message_events": st.fixed_dictionaries(
        {
            "id": _one("e1", "e2", "e3", "e4"),
            "message_id": _one("m1", "m2", "m3", "m4"),
            "type": _one("opened", "clicked", "delivered", "bounced", "unsubscribed", "complained"),
            "time": _moment(),
            "ip": _maybe("192.0.2.1"),
            "bounce_type": _maybe("hard", "soft"),
        }
    ),
    "replies": st.fixed_dictionaries(
        {
            "id": _one("r1", "r2", "r3"),
            "lead": _one(*LEADS),
            "message_id": _maybe("m1", "m2"),
            "campaign_id": _maybe("c1", "c2"),
            "client": _maybe(*CLIENTS),
            "received_at": _moment(),
            "body": _one("Yes, let's talk on Monday", "Please remove me", "How much does it cost?"),
        }
    ),
    "meetings": st.fixed_dictionaries(
        {
            "id": _one("n1", "n2"),
            "client": _one(*CLIENTS),
            "lead": _maybe(*LEADS),
            "booked_at": _moment(),
            "outcome": _maybe("no_show", "good"),
            "is_deleted": _maybe(True, False),
        }
    ),
    "deals": st.fixed_dictionaries(
        {
            "id": _one("d1", "d2"),
            "client": _one(*CLIENTS),
            "lead": _maybe(*LEADS),
            "company_id": _maybe("k1", "k2"),
            "created_at": _moment(),
            "closed_at": _moment(),
            "stage": _one("closed_won", "closed_lost", "proposal"),
            "value": _maybe(100, 2500),
            "currency": _one("EUR"),
            "is_deleted": _maybe(True, False),
        }
    ),
    "outcomes": st.fixed_dictionaries(
        {
            "lead": _one(*LEADS),
            "client": _one(*CLIENTS),
            "name": _one("visit"),
            "time": _moment(),
            "value": _one(0, 1),
        }
    ),
    "customers": st.fixed_dictionaries(
        {
            "id": _one("u1", "u2"),
            "client": _one("acme"),
            "domain": _one("x.example", "y.example"),
            "purchase_count": _maybe(1, 3),
            "last_purchase_on": _maybe("2024-05-01", "2026-02-01"),
        }
    ),
    "suppressions": st.fixed_dictionaries(
        {
            "id": _one("s1", "s2"),
            "client": _maybe(*CLIENTS),
            "email": _maybe(*EMAILS),
            "domain": _maybe("y.example"),
            "reason": _one("do_not_contact", "other"),
            "expires_on": _maybe("2026-03-28", "2026-04-05"),
        }
    ),
    "campaign_steps": st.fixed_dictionaries(
        {"campaign_id": _one("c1", "c2"), "step_number": _one(1, 2), "wait_days": _maybe(1, 3)}
    ),
    "templates": st.fixed_dictionaries(
        {
            "id": _one("t1"),
            "campaign_id": _maybe("c1", "c2"),
            "variant": _maybe("A", "B"),
            "body": _maybe("Hi {{first_name}}", "Open to a look?"),
        }
    ),
    "deal_stages": st.fixed_dictionaries(
        {"deal_id": _one("d1", "d2"), "provider_stage": _one("s", "t"), "entered_at": _moment()}
    ),
}
WEIGHTS = {"people": 6, "messages": 4, "companies": 2, "campaigns": 2, "campaign_leads": 2, "replies": 2}
"""How much more often than the others an entity is drawn."""

_KINDS = [entity for entity in ENTITIES for _ in range(WEIGHTS.get(entity, 1))]


@st.composite
def _records(draw: st.DrawFn, least: int, most: int) -> dict[str, dict[str, list[Record]]]:
    found: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    drawn = draw(
        st.lists(
            st.sampled_from(_KINDS).flatmap(
                lambda kind: st.tuples(
                    st.just(kind), st.sampled_from((*ACCOUNTS[:1] * 3, *ACCOUNTS)), ENTITIES[kind]
                )
            ),
            min_size=least,
            max_size=most,
        )
    )
    for kind, account, record in drawn:
        found[account][kind].append({name: value for name, value in record.items() if value is not None})
    return {account: dict(entities) for account, entities in found.items()}


def night(least: int = 0, most: int = 30) -> SearchStrategy[Night]:
    """Return a strategy for one night of `least` to `most` records."""
    return st.builds(
        Night,
        hours=st.sampled_from((24, *HOURS)),
        settings=st.sampled_from((0, 0, 0, *range(len(SETTINGS)))),
        records=_records(least, most),
    )


def nights(least: int = 2, most: int = 4) -> SearchStrategy[list[Night]]:
    """Return a strategy for a sequence of nights; the first brings the most."""
    first, later = night(12, 40), night(0, 16)
    return st.tuples(first, st.lists(later, min_size=least - 1, max_size=most - 1)).map(
        lambda drawn: [drawn[0], *drawn[1]]
    )
