"""Which nights a night is compared with."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from ingestion.jobs import LoadReport, ResourceCount
from pipeline import accepted, history
from pipeline.ledger import Ledger
from pipeline.state import metrics

RUN_AT = datetime(2026, 3, 6, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def ran(
    state: Engine, run_id: str, run_at: datetime, *, target: str = "t", published: bool = True, **found: float
) -> Ledger:
    """Keep a run's metrics as the stages do; `rows` stands for the metric `rows.facts.messages`."""
    ledger = Ledger(state, run_id)
    ledger.start(target, "run", run_at)
    names = {"rows": "rows.facts.messages", "sent": "sent.acme"}
    values = {names.get(name, name): value for name, value in found.items()}
    history.keep(state, run_id, run_at, target, values)
    if published:
        history.mark_published(state, run_id, run_at, target)
    return ledger


def rows(state: Engine, run_at: datetime = RUN_AT) -> list[float]:
    return [value for _, value in history.read(state, "t", run_at).series("rows.facts.messages")]


def test_earlier_published_nights_are_history_the_newest_first(state: Engine) -> None:
    ran(state, "a", RUN_AT - 3 * DAY, rows=1)
    ran(state, "refused", RUN_AT - 2 * DAY, rows=2, published=False)
    ran(state, "b", RUN_AT - DAY, rows=3)
    ran(state, "elsewhere", RUN_AT - DAY, rows=4, target="other")
    ran(state, "tonight", RUN_AT, rows=5)
    ran(state, "later", RUN_AT + DAY, rows=6)
    assert rows(state) == [3, 1]
    assert history.read(state, "t", RUN_AT).before("rows.facts.messages") == 3


def test_the_same_night_again_is_not_its_own_history(state: Engine) -> None:
    ran(state, "before", RUN_AT - DAY, rows=1)
    ran(state, "first", RUN_AT, rows=2)
    ran(state, "again", RUN_AT + timedelta(hours=20), rows=3)
    assert rows(state, RUN_AT) == rows(state, RUN_AT + timedelta(hours=20)) == [1]
    assert rows(state, RUN_AT + DAY) == [3, 1]


def test_of_a_days_publishes_the_last_counts_for_every_metric_that_it_has(state: Engine) -> None:
    ran(state, "night", RUN_AT, rows=1, sent=7)
    ran(state, "noon", RUN_AT + timedelta(hours=10), rows=2)
    ran(state, "repeated", RUN_AT + timedelta(hours=10), rows=3)
    found = history.read(state, "t", RUN_AT + DAY)
    assert found.before("rows.facts.messages") == 3
    assert found.before("sent.acme") == 7
    assert len(found.nights) == 1


def test_a_step_that_is_tried_again_keeps_its_metrics_once(state: Engine) -> None:
    ran(state, "a", RUN_AT, rows=1, gone=1)
    history.keep(state, "a", RUN_AT, "t", {"rows.facts.messages": 2})
    history.mark_published(state, "a", RUN_AT, "t")
    history.mark_published(state, "a", RUN_AT, "t")
    with state.connect() as connection:
        found = connection.execute(sa.select(metrics.c.metric, metrics.c.value)).all()
    assert sorted(map(tuple, found)) == [("published", 1), ("rows.facts.messages", 2)]


def test_a_client_is_new_for_as_long_as_nobody_knew_it_before(state: Engine) -> None:
    ran(state, "a", RUN_AT - 6 * DAY, sent=0, published=False)
    week = timedelta(days=7)
    assert history.read(state, "t", RUN_AT).new_clients(week) == ["acme"]
    assert history.read(state, "t", RUN_AT + DAY).new_clients(week) == []


def count(resource: str, received: int, account: str = "main") -> ResourceCount:
    return ResourceCount("smartlead", account, resource, None, received, received, 0, 0, 0, load_id="1")


def judged(state: Engine, run_id: str) -> list[tuple[str, int]]:
    return [(line.resource, line.received) for line in history.unjudged_counts(state, "t", run_id)]


def test_counts_are_reconciled_until_a_publish_has_judged_them(state: Engine) -> None:
    ran(state, "a", RUN_AT - 2 * DAY).loaded("smartlead", LoadReport(counts=(count("leads", 1),)))
    load = ran(state, "load", RUN_AT - DAY, published=False)
    load.loaded("smartlead", LoadReport(counts=(count("leads", 2), count("campaigns", 3))))
    tonight = ran(state, "tonight", RUN_AT, published=False)
    assert judged(state, "tonight") == [("campaigns", 3), ("leads", 2)]
    tonight.loaded("smartlead", LoadReport(counts=(count("leads", 4),)))
    assert judged(state, "tonight") == [("campaigns", 3), ("leads", 4)]
    history.mark_published(state, "tonight", RUN_AT, "t")
    assert judged(state, "tonight") == [("campaigns", 3), ("leads", 4)]
    ran(state, "next", RUN_AT, published=False)
    assert judged(state, "next") == []


def test_the_newest_load_of_an_account_is_that_of_the_runs_clock(state: Engine) -> None:
    for run_id, night in (("a", RUN_AT - 2 * DAY), ("b", RUN_AT), ("ahead", RUN_AT + DAY)):
        ran(state, run_id, night).loaded("smartlead", LoadReport(counts=(count("leads", 1),)))
    assert history.newest_loads(state, "t", RUN_AT) == {("smartlead", "main"): RUN_AT}
    assert history.newest_loads(state, "t", RUN_AT - DAY) == {("smartlead", "main"): RUN_AT - 2 * DAY}
    assert history.first_run(state, "t") == RUN_AT - 2 * DAY
    assert history.first_run(state, "other") is None


def test_accepted_checks_are_kept_with_who_and_why(state: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepted, "user", lambda: "ada")
    accepted.keep(state, "a", {"rows.facts.deals": "check rows.facts.deals: 0 rows"}, "portal was closed")
    (row,) = accepted.of_run(state, "a")
    assert row.pop("accepted_at")
    assert row == {
        "run_id": "a",
        "check": "rows.facts.deals",
        "reason": "portal was closed",
        "who": "ada",
        "said": "check rows.facts.deals: 0 rows",
    }
    assert accepted.of_run(state, "b") == []
