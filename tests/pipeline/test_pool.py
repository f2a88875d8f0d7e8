"""Whom the pool accepts for a client, what is searched for first, and when a list is full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from ingestion.apollo_search import TAGS
from ingestion.orders import PoolOrder
from pipeline import pool_list, pool_requests
from pipeline.config import Config
from pipeline.errors import RunError, UsageError
from pipeline.pool import client_with_icp, has_pool, judged, searches, why_nobody, won_industries
from pipeline.pool_list import ListAsk, Selection, build_list
from pipeline.pool_requests import PoolRequest, Progress
from pipeline.pool_sql import NEVER_CONTACTED, of_people
from tests.ingestion.conftest import agency
from warehouse import Warehouse

AT = datetime(2026, 3, 2, 2, tzinfo=UTC)
ACME, OTHER = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"


def key(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"


def configured(**icp: Any) -> Config:
    profile = {"industries": ["Software"], "titles": ["CEO"], "keywords": ["saas"], **icp}
    return Config.model_validate(
        {
            "agency": {"name": "Test"},
            "clients": [{"id": "acme", "name": "Acme", "icp": profile}, {"id": "bare", "name": "Bare"}],
            "notify_url_env": "NOTIFY_URL",
        }
    )


PEOPLE = {
    "fits": {},
    "bounced": {"is_bounced": True},
    "opted out": {"is_unsubscribed": True},
    "incomplete": {"confidence": 69},
    "nameless": {"last_name": None},
    "no address": {"email": None, "email_key": None},
    "wrong address": {"email_status": "invalid"},
    "on the list": {"email_key": "listed@a.example"},
    "of a listed domain": {"email_key": "x@listed.example"},
    "was on the list": {"email_key": "expired@a.example"},
    "on another's list": {"email_key": "others@a.example"},
    "of a competitor": {"company_domain": "rival.example"},
    "of a customer": {"company_domain": "customer.example"},
    "contacted": {},
    "another's": {},
    "away": {},
    "has no owner": {},
}
"""Who → what is special."""

READY = {"fits", "was on the list", "on another's list", "contacted", "another's", "away", "has no owner"}
"""Before there are answers, which know who is away."""


@pytest.fixture
def pool(warehouse: Warehouse) -> Warehouse:
    """The tables that a build would leave, as far as the pool reads them."""
    names = list(PEOPLE)
    columns = {
        "lead_id": "uuid",
        "company_id": "uuid",
        "company_name": "text",
        "company_domain": "text",
        "confidence": "integer",
        "email": "text",
        "email_key": "text",
        "email_status": "text",
        "first_name": "text",
        "last_name": "text",
        "is_bounced": "boolean",
        "is_unsubscribed": "boolean",
    }
    plain = {
        "company_domain": "a.example",
        "confidence": 90,
        "email_status": "verified",
        "first_name": "Ada",
        "last_name": "L",
        "is_bounced": False,
        "is_unsubscribed": False,
    }
    rows = []
    for number, special in enumerate(PEOPLE.values()):
        email = f"p{number}@a.example"
        row = {
            "lead_id": key(number),
            "company_id": key(number // 2),
            "company_name": f"Company {number // 2}",
        }
        row |= {"email": email, "email_key": email} | plain | special
        rows.append([row[name] for name in columns])
    blocks = [
        (None, "listed@a.example", None, None),
        ("acme", None, "listed.example", date(2026, 3, 3)),
        ("acme", "expired@a.example", None, date(2026, 3, 2)),
        ("other", "others@a.example", None, None),
    ]
    contacted = {"contacted": 1}
    keys = [(f"apollo:{name}", key(number)) for number, name in enumerate(names)]
    keys += [
        (f"email:{special['email_key']}", key(number))
        for number, special in enumerate(PEOPLE.values())
        if special.get("email_key")
    ]
    with warehouse.connect() as connection:
        connection.replace("facts.lead_pool", columns, rows)
        connection.replace(
            "intermediate.lead_keys",
            {"person_key": "text", "lead_id": "uuid"},
            keys,
        )
        connection.replace(
            "facts.clients", {"client_id": "uuid", "client": "text"}, [(ACME, "acme"), (OTHER, "other")]
        )
        connection.replace(
            "facts.companies",
            {"company_id": "uuid", "domain": "text", "industry": "text"},
            [(key(100), "won.example", "Retail")],
        )
        deal = {
            "client_id": "uuid",
            "company_id": "uuid",
            "lead_id": "uuid",
            "stage": "text",
            "deleted_at": "timestamptz",
        }
        connection.replace("facts.deals", deal, [(ACME, key(100), None, "closed_won", None)])
        connection.replace(
            "intermediate.int_client_purchases",
            {"client_id": "uuid", "domain": "text"},
            [(ACME, "customer.example"), (OTHER, "a.example")],
        )
        connection.replace(
            "facts.lead_clients",
            {"lead_id": "uuid", "client_id": "uuid", "touch_count": "integer"},
            [(key(number), ACME, contacted.get(name, 0)) for number, name in enumerate(names)],
        )
        connection.replace(
            "facts.assignments",
            {"lead_id": "uuid", "client_id": "uuid"},
            [(key(names.index("another's")), OTHER)],
        )
        connection.replace(
            "intermediate.int_suppressions",
            {"client": "text", "email_key": "text", "domain_key": "text", "expires_on": "date"},
            blocks,
        )
        connection.replace(
            "ops.client_icps",
            {"client": "text", "kind": "text", "value": "text"},
            [("acme", "competitor", "rival.example"), ("other", "competitor", "a.example")],
        )
    return warehouse


def who(rows: list[dict[str, Any]], flag: str) -> set[str]:
    names = list(PEOPLE)
    return {names[int(row["lead_id"][-12:])] for row in rows if row[flag]}


def test_who_is_accepted_and_whom_a_list_may_hold(pool: Warehouse) -> None:
    names = list(PEOPLE)
    with pool.connect(read_only=True) as connection:
        assert has_pool(connection)
        keys = [f"apollo:{name}" for name in names]
        rows = judged(connection, of_people(len(keys)), "acme", AT, keys)
        assert who(rows, "is_ready") == READY
        unready = {"incomplete", "nameless", "no address", "wrong address"}
        assert who(rows, "is_suppressed") == set(names) - READY - unready
        assert sum(row["is_without_email"] for row in rows) == 1
        free = judged(connection, NEVER_CONTACTED, "acme", AT)
        assert who(free, "is_ready") == READY - {"contacted", "another's"}
        assert won_industries(connection, "acme") == ["Retail"]
        assert won_industries(connection, "other") == []
    chosen = pool_list.select(pool, ListAsk("acme", 2, Path(), contacts_max=1), AT)
    assert [len(people) for people in chosen.companies.values()] == [1, 1]


def test_answers_say_who_is_left_alone(pool: Warehouse) -> None:
    """Whoever they name for this client, whatever the campaign; facts alone know of who is new."""
    names = list(PEOPLE)
    listed = [
        (None, "listed@a.example", None, None),
        (ACME, None, "rival.example", None),
        (ACME, "expired@a.example", None, date(2026, 3, 2)),
        (OTHER, None, "a.example", None),
    ]
    codes = [
        (ACME, key(names.index("away")), None, "out_of_office_until", "person"),
        (ACME, key(names.index("has no owner")), None, "not_assigned", "assignment"),
        (OTHER, key(names.index("fits")), None, "cooling_period", "person"),
        (ACME, key(names.index("fits")), key(200), "cooling_period", "person"),
    ]
    with pool.connect() as connection:
        connection.replace(
            "answers.suppressions",
            {"client_id": "uuid", "email": "text", "domain": "text", "expires_on": "date"},
            listed,
        )
        ids = dict.fromkeys(("client_id", "lead_id", "campaign_id"), "uuid")
        connection.replace("answers.send_eligibility", ids | {"code": "text", "about": "text"}, codes)
        rows = judged(connection, NEVER_CONTACTED, "acme", AT)
    suppressed = {"bounced", "opted out", "on the list", "of a competitor", "away"}
    assert who(rows, "is_suppressed") == suppressed


@pytest.mark.parametrize("engine", ["duckdb"])
def test_nobody_is_in_the_pool_before_a_build(warehouse: Warehouse) -> None:
    assert pool_list.select(warehouse, ListAsk("acme", 2, Path()), AT) == Selection()


def test_what_was_won_is_searched_for_first() -> None:
    client = configured().client("acme")
    tags = [search[TAGS] for search in searches(client, ["Retail", "Banking"])]
    assert tags == [["retail", "banking"], ["software"], ["software", "saas"]]
    assert all(search["person_titles"] == ["CEO"] for search in searches(client))
    assert len(searches(configured(keywords=[]).client("acme"))) == 1


@pytest.mark.parametrize(
    ("tally", "reason"),
    [
        ({}, "nobody at Apollo fits the icp"),
        ({"found": {"a"}, "bought": {"a"}}, "1 were bought and none landed"),
        ({"found": {"a", "b"}, "misses": {"a"}}, "had nothing on the 1 who were asked for"),
        ({"found": {"a", "b"}, "known": {"a"}, "without_email": {"b"}}, "all 2 found were bought before"),
        ({"found": {"a"}, "without_email": {"a"}}, "1 found"),
        ({"found": {"a"}, "crowded": {"a"}}, "companies with contacts enough"),
        ({"found": {"a"}}, "look at enrich_cap"),
    ],
)
def test_why_nobody_came_is_said(tally: dict[str, set[str]], reason: str) -> None:
    assert reason in why_nobody(PoolOrder("acme", 5, (), **tally))


@pytest.mark.parametrize("engine", ["duckdb"])
def test_a_request_is_kept_as_it_stands(state: Engine) -> None:
    request = PoolRequest("list", "acme", "duckdb", Progress(50, 0), Progress(50, 0))
    pool_requests.keep(state, request, {"a": True})
    pool_requests.keep(state, request.now(companies=Progress(50, 45)), {"a": True, "b": False})
    found = pool_requests.find(state, "duckdb", request.request_id[:6])
    assert (found.companies, found.request_id) == (Progress(50, 45), request.request_id)
    assert found.companies is not None
    assert (found.companies.text(), found.companies.percent) == ("45/50, gap 5", 90)
    assert pool_requests.lead_ids(state, request.request_id) == {"a": True, "b": False}
    assert pool_requests.open_requests(state, "duckdb") == [found]
    pool_requests.keep(state, found.now(status=pool_requests.FILLED))
    assert pool_requests.open_requests(state, "duckdb") == []
    with pytest.raises(UsageError, match="no single request's id begins with 'nothing'"):
        pool_requests.find(state, "duckdb", "nothing")


class Rounds:
    """Rounds that bring so many companies each, in place of runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *brought: int) -> None:
        self.brought, self.orders = iter(brought), list[PoolOrder]()
        self.companies: dict[str, list[str]] = {}
        monkeypatch.setattr(pool_list, "buy_round", self.buy)
        monkeypatch.setattr(pool_list, "select", lambda *_: Selection(dict(self.companies), {}, Counter()))
        monkeypatch.setattr(pool_list._Builder, "publish", lambda _: None)
        monkeypatch.setattr(pool_list._Builder, "write_files", lambda _: ())

    def buy(self, _config: object, _warehouse: object, order: PoolOrder, *_: object, **__: object) -> Any:
        self.orders.append(order)
        count = next(self.brought)
        for _ in range(count):
            self.companies[f"c{len(self.companies)}"] = ["someone"]
        order.bought |= {f"p{n}" for n in range(order.target)} if count else set()
        names = ("found", "known", "without_email", "suppressed")
        counts = {"new": len(order.bought), "ready": count} | dict.fromkeys(names, 0)
        return SimpleNamespace(summary=SimpleNamespace(exit_code=0, failures=()), counts=counts)


@pytest.fixture
def times() -> Iterator[float]:
    return iter(range(0, 1000, 10))


@pytest.mark.parametrize("engine", ["duckdb"])
def test_rounds_go_on_until_the_list_is_full_and_buy_by_what_was_of_use(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = Rounds(monkeypatch, 5, 3, 2)
    config = configured().model_copy(update={"state_dir": tmp_path})
    made = build_list(config, warehouse, ListAsk("acme", 10, tmp_path), at=AT)
    assert [order.target for order in rounds.orders] == [10, 10, 5]
    assert (made.request.status, made.request.companies) == ("filled", Progress(10, 10))
    assert made.request.counts == {
        "rounds": 3,
        "new": 25,
        "suppressed": 0,
        "ready": 10,
        "found": 0,
        "known": 0,
        "without_email": 0,
    }


@pytest.mark.parametrize("engine", ["duckdb"])
@pytest.mark.parametrize(
    ("brought", "timeout", "status", "companies"),
    [((4, 0), 100, "exhausted", 4), ((4, 1, 1), 25, "timed_out", 5)],
)
def test_a_list_ends_where_nobody_is_new_or_the_time_is_up(
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    times: Iterator[float],
    brought: tuple[int, ...],
    timeout: float,
    status: str,
    companies: int,
) -> None:
    Rounds(monkeypatch, *brought)
    config = configured().model_copy(update={"state_dir": tmp_path})
    ask = ListAsk("acme", 10, tmp_path, timeout=timeout)
    made = build_list(config, warehouse, ask, at=AT, clock=lambda: next(times))
    assert (made.request.status, made.request.companies) == (status, Progress(10, companies))
    assert made.request.reason


@pytest.mark.parametrize("engine", ["duckdb"])
def test_what_a_list_cannot_be_is_said_before_anything_is_bought(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = Rounds(monkeypatch, 0)
    config = configured().model_copy(update={"state_dir": tmp_path})
    theirs = agency(apollo=[{"name": "main", "api_key_env": "KEY", "client": "acme"}]).sources
    others = config.clients[0].model_copy(update={"id": "other"})
    unserved = config.model_copy(update={"sources": theirs, "clients": (others,)})
    with pytest.raises(UsageError, match=r"no apollo account in .* is client other's"):
        client_with_icp(unserved, "other")
    for ask, message in (
        (ListAsk("bare", 1, tmp_path), "client bare has no icp"),
        (ListAsk("acme", 1, tmp_path, 3, 2), "--contacts-min 3 is above --contacts-max 2"),
        (ListAsk("acme", 1, tmp_path / "none"), "does not exist"),
        (ListAsk("acme", 1, tmp_path, is_notified=True), "environment variable NOTIFY_URL is not set"),
    ):
        with pytest.raises(UsageError, match=message):
            build_list(config, warehouse, ask, at=AT)
    assert rounds.orders == []
    with pytest.raises(RunError, match="the list for client acme is empty: nobody at Apollo fits the icp"):
        build_list(config, warehouse, ListAsk("acme", 1, tmp_path), at=AT)
