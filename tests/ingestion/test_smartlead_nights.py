"""Smartlead over several nights: rows that change late, nights without time, and what must never land."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ingestion import smartlead
from ingestion.jobs import Job
from ingestion.spool import Spool
from pipeline.config import Config
from tests.ingestion.conftest import Loader, MemoryAnswers, loader, rows, served, stage
from tests.ingestion.trouble import current
from warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    from sandbox import Agency
    from sandbox.web import Request, Response

pytestmark = pytest.mark.parametrize("engine", ["duckdb"])


def of_one_account(config: Config, **changes: Any) -> Config:
    """Return the configuration with the first Smartlead account alone, changed."""
    account = config.sources.smartlead.accounts[0].model_copy(update=changes)
    section = config.sources.smartlead.model_copy(update={"accounts": (account,)})
    return config.model_copy(update={"sources": config.sources.model_copy(update={"smartlead": section})})


def with_late_reply(agency: Agency, days: int) -> tuple[Agency, Any]:
    """Let somebody who never answered do so `days` after the first message; return the message, too."""
    from sandbox.model import Reply

    enrolment = next(e for e in agency.enrolments if e.messages and not e.replies)
    message = enrolment.messages[0]
    at = message.sent_at + timedelta(days=days)
    reply = Reply(
        enrolment=enrolment.index,
        step=1,
        received_at=at,
        known_at=at,
        intent="interested",
        is_positive=True,
        objection_type=None,
        is_late=True,
        style=0,
        return_on=None,
        stamps_all=False,
    )
    changed = replace(enrolment, replies=(reply,))
    every = tuple(changed if e is enrolment else e for e in agency.enrolments)
    return replace(agency, enrolments=every), message


@pytest.mark.parametrize("is_in_inbox", [True, False], ids=["shown by the inbox", "not shown by the inbox"])
def test_a_reply_to_a_message_sent_sixty_days_ago_is_there_within_seven_nights(
    warehouse: Warehouse,
    load: Loader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_in_inbox: bool,
) -> None:
    from sandbox import Params, simulate
    from sandbox.view import View

    agency, message = with_late_reply(simulate(Params(leads=8, days=8, clients=1)), 60)
    if not is_in_inbox:
        monkeypatch.setattr("sandbox.smartlead._replied", lambda *_: [])
    row = View(agency, agency.params.horizon).stats_id(message)
    campaign = str(agency.enrolments[message.enrolment].campaign)
    events = f"select reply_time from raw_smartlead.statistics where id = '{row}' and _dlt_valid_to is null"
    replies = f"select time from raw_smartlead.message_history where stats_id = '{row}' and type = 'reply'"
    first = message.sent_at + timedelta(days=59, hours=23)
    due = next(
        night
        for night in count(1)
        if smartlead.is_due(_on(first + timedelta(days=night)), campaign, first.isoformat())
    )
    nights = [0, 1, due] if due > 1 else [0, due]
    told: list[bool] = []
    with served(agency, tmp_path) as (server, config):
        config = of_one_account(config, lookback_days=30)
        for night in nights:
            server.as_of = first + timedelta(days=night)
            assert load("smartlead", config, run_at=server.as_of).failures == ()
            told.append(rows(warehouse, events) != [(None,)])
            assert bool(rows(warehouse, replies)) == (night > 0 if is_in_inbox else told[-1])
    assert due <= 7
    assert told == [False] * (len(nights) - 1) + [True]
    if is_in_inbox:
        stage(warehouse, tmp_path, config)
        found = rows(
            warehouse,
            "select event_type, first_loaded_at from staging.stg_smartlead__message_events"
            f" where message_id = '{row}' and event_type in ('sent', 'replied') order by 1",
        )
        assert found == [("replied", first + timedelta(days=due)), ("sent", first)]


def _on(run_at: Any) -> Any:
    """Return what `is_due` needs of a job."""
    from types import SimpleNamespace

    return SimpleNamespace(request=SimpleNamespace(run_at=run_at))


def _is_late(asks: Iterator[int], _: Job) -> bool:
    """Say that it is late when there are no more asks."""
    return next(asks, None) is None


def test_nights_that_are_too_short_end_where_one_long_night_ends(
    warehouse: Warehouse,
    load: Loader,
    simulated: Agency,
    new_profile: Callable[[str, Path], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    undisturbed = open_warehouse(new_profile("duckdb", other))
    with served(simulated, tmp_path) as (server, config):
        config, now = of_one_account(config), server.as_of
        loader(undisturbed, other, MemoryAnswers())("smartlead", config, run_at=now)
        asked = server.requests["smartlead", "message-history", 200]
        server.requests.clear()
        notes = []
        for patience in (3, 20):
            asks = iter(range(patience))
            with monkeypatch.context() as patch:
                patch.setattr(Job, "is_late", property(partial(_is_late, asks)))
                notes.append(load("smartlead", config, run_at=now).notes)
        assert notes[0][0].endswith("4 campaigns read; 2 are left, about 1 more night")
        assert "0 message histories read" in notes[0][1]
        assert "15 message histories read; " in notes[1][0]
        assert load("smartlead", config, run_at=now).notes == ()
        assert server.requests["smartlead", "message-history", 200] == asked, "no thread was read twice"
        assert load("smartlead", config, run_at=now).notes == ()
        assert server.requests["smartlead", "message-history", 200] == asked, "nor without anything new"
    assert current(warehouse, "smartlead") == current(undisturbed, "smartlead")


def test_passwords_of_mailboxes_go_nowhere(
    warehouse: Warehouse,
    load: Loader,
    simulated: Agency,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from sandbox.smartlead_records import PASSWORD

    trouble: list[Callable[[Response], Response]] = []

    def poisoned(mailboxes: list[dict[str, Any]]) -> list[Any]:
        wrong = {**mailboxes[0], "message_per_day": {"api_token": PASSWORD}, "id": 1}
        nested = {**mailboxes[1], "extra": [{"oauth": {"Client-Secret": PASSWORD, "scope": "mail"}}]}
        return [nested, wrong, {"password": PASSWORD}, *mailboxes[2:]]

    def quoted(mailboxes: list[dict[str, Any]]) -> dict[str, Any]:
        return {"refused": {"imap_password": mailboxes[0]["imap_password"] * 20}}

    def changed(answer: Response, change: Callable[[Any], Any]) -> Response:
        return replace(answer, body=json.dumps(change(json.loads(answer.body))).encode())

    monkeypatch.setattr(Spool, "remove", lambda _: None)
    monkeypatch.setattr("ingestion.http.ATTEMPTS", 1)
    caplog.set_level(logging.DEBUG, "winnow")
    run_at = simulated.params.start + timedelta(days=simulated.params.days)
    errors = []
    with served(simulated, tmp_path) as (server, config):
        config = of_one_account(config)
        true = server.answer

        def answer(request: Request) -> Response | None:
            found = true(request)
            if found is None or not request.path.endswith("/email-accounts/"):
                return found
            assert PASSWORD.encode() in found.body
            return trouble[0](found)

        monkeypatch.setattr(server, "answer", answer)
        for change in (
            lambda answer: replace(answer, status=500),
            lambda answer: replace(changed(answer, quoted), status=400),
            lambda answer: replace(answer, body=answer.body[:-9]),
            lambda answer: changed(answer, lambda found: {"data": found}),
            lambda answer: changed(answer, poisoned),
        ):
            trouble[:] = [change]
            report = load("smartlead", config, run_at=run_at)
            errors += [failure.error for failure in report.failures]
    assert len(errors) == 4
    assert "HTTP 500" in errors[0]
    assert '{"refused":{"imap_password": "***"' in errors[1].replace(": {", ":{")
    landed = rows(warehouse, "select id, email, warmup_reputation from raw_smartlead.mailboxes")
    assert len(landed) == 5
    assert {float(reputation) for _, _, reputation in landed} == {95.0}
    assert rows(warehouse, "select count(*) from raw_smartlead.quarantine where resource = 'mailboxes'") == [
        (2,)
    ]
    with warehouse.connect(read_only=True) as connection:
        for table in connection.tables("raw_smartlead"):
            for row in connection.rows(f"select * from raw_smartlead.{table}"):
                assert PASSWORD not in str(row), table
    spools = list(tmp_path.rglob("*.arrow"))
    assert {"mailboxes.arrow", "quarantine.arrow"} <= {path.name for path in spools}
    assert not [path for path in spools if PASSWORD.encode() in path.read_bytes()]
    assert PASSWORD not in caplog.text
    assert not [error for error in errors if PASSWORD in error]
