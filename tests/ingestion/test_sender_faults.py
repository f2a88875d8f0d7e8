"""Whatever a sender's answers are spoilt by, what lands in the end is what would have landed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ingestion.http import Timing
from ingestion.jobs import LoadReport
from ingestion.sources import resources
from ingestion.values import Json
from tests.ingestion.conftest import Loader, MemoryAnswers, loader, rows
from tests.ingestion.meddler import Answer, Meddle, clean, spoilt
from warehouse import Warehouse

if TYPE_CHECKING:
    from sandbox import Agency

SENDERS = ("instantly", "salesforge")
MAILS = {"instantly": "/emails", "salesforge": "/sending-data"}
"""The list that is spoilt."""

ITEMS = {"instantly": "items", "salesforge": "data"}
TABLE = {"instantly": "emails", "salesforge": "sending_data"}
THROTTLED = {
    "instantly": b'{"statusCode": 429, "error": "Too Many Requests", "message": "Rate limit exceeded"}',
    "salesforge": b'{"message": "too many requests", "data": null}',
}
HTML = b"<html><body>502 Bad Gateway</body></html>"
DENIED = {
    "instantly": b'{"statusCode": 401, "error": "Unauthorized", "message": "Invalid API key"}',
    "salesforge": b'{"message": "invalid api key"}',
}
DUCKDB = pytest.mark.parametrize("engine", ["duckdb"])

pytestmark = [DUCKDB, pytest.mark.parametrize("sender", SENDERS)]


@pytest.fixture(scope="module")
def agencies(simulated: Agency) -> dict[str, Agency]:
    """The small agency, moved to each sender."""
    from sandbox import simulate

    profiles = simulated.params.profiles
    return {
        sender: simulate(replace(simulated.params, senders=tuple((p.id, sender) for p in profiles)))
        for sender in SENDERS
    }


@pytest.fixture(autouse=True)
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that there is a second page."""
    for sender in SENDERS:
        monkeypatch.setattr(f"ingestion.{sender}.PAGE", 40)


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client would have slept."""
    slept: list[float] = []
    monkeypatch.setattr("ingestion.http.Timing", lambda: Timing(clock=lambda: 0.0, sleep=slept.append))
    return slept


def raw(warehouse: Warehouse, sender: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return the current rows of every raw table, by key and content."""
    return {
        resource.name: rows(
            warehouse,
            f"select row_key, row_hash from raw_{sender}.{resource.name}"
            " where _dlt_valid_to is null order by row_key",
        )
        for resource in resources(sender)
    }


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, dict[str, list[tuple[Any, ...]]]]:
    """What landed without any fault, by sender; filled by the first test that asks."""
    return {}


@pytest.fixture
def expected(
    sender: str,
    agencies: dict[str, Agency],
    undisturbed: dict[str, dict[str, list[tuple[Any, ...]]]],
    new_profile: Callable[[str, Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, list[tuple[Any, ...]]]:
    """What lands without any fault."""
    if sender not in undisturbed:
        from warehouse import open_warehouse

        folder = tmp_path_factory.mktemp("undisturbed")
        warehouse = open_warehouse(new_profile("duckdb", folder))
        load = loader(warehouse, folder, MemoryAnswers())
        with spoilt(agencies[sender], folder, sender, clean) as config:
            assert load(sender, config, run_at=_now(agencies[sender])).failures == ()
        undisturbed[sender] = raw(warehouse, sender)
    return undisturbed[sender]


def _now(agency: Agency) -> Any:
    return agency.params.start + timedelta(days=agency.params.days)


def once(sender: str, change: Callable[[Answer], Answer]) -> Meddle:
    """Spoil the second page of the sender's mails, once."""
    spoilt: list[str] = []

    def meddle(path: str, number: int, answer: Answer) -> Answer:
        if spoilt or number != 1 or not path.endswith(MAILS[sender]):
            return answer
        spoilt.append(path)
        return change(answer)

    return meddle


FAULTS: dict[str, Callable[[str, Answer], Answer]] = {
    "429": lambda sender, answer: replace(answer, status=429, body=THROTTLED[sender]),
    "500": lambda _, answer: replace(answer, status=500, body=HTML),
    "502": lambda _, answer: replace(answer, status=502, body=HTML),
    "HTML with 200": lambda _, answer: replace(answer, body=HTML),
    "no answer": lambda _, answer: replace(answer, status=0),
    "cut connection": lambda _, answer: replace(answer, is_cut=True),
    "truncated JSON": lambda _, answer: replace(answer, body=answer.body[: len(answer.body) // 2]),
}


@pytest.mark.parametrize("fault", list(FAULTS))
def test_trouble_that_passes_is_waited_out(
    warehouse: Warehouse,
    load: Loader,
    sender: str,
    fault: str,
    agencies: dict[str, Agency],
    expected: dict[str, list[tuple[Any, ...]]],
    tmp_path: Path,
) -> None:
    meddle = once(sender, lambda answer: FAULTS[fault](sender, answer))
    with spoilt(agencies[sender], tmp_path, sender, meddle) as config:
        report = load(sender, config, run_at=_now(agencies[sender]))
    assert report.failures == ()
    assert report.usage[0].usage.retries == 1
    assert report.usage[0].usage.throttled == (1 if fault == "429" else 0)
    assert raw(warehouse, sender) == expected


def test_a_key_that_is_revoked_in_the_middle_lands_nothing_and_is_caught_up_with(
    warehouse: Warehouse,
    load: Loader,
    sender: str,
    agencies: dict[str, Agency],
    expected: dict[str, list[tuple[Any, ...]]],
    tmp_path: Path,
) -> None:
    meddle = once(sender, lambda answer: replace(answer, status=401, body=DENIED[sender]))
    with spoilt(agencies[sender], tmp_path, sender, meddle) as config:
        (failure,) = load(sender, config, run_at=_now(agencies[sender])).failures
        assert not failure.transient
        assert failure.error.endswith("check the key that api_key_env names")
        assert "sandbox-" not in failure.error
        assert set(map(len, raw(warehouse, sender).values())) == {0}
        assert load(sender, config, run_at=_now(agencies[sender])).failures == ()
    assert raw(warehouse, sender) == expected


def changed(sender: str, change: Callable[[list[Json]], list[Json]]) -> Callable[[Answer], Answer]:
    """Change the records of a page."""
    name = ITEMS[sender]
    return lambda answer: answer.changed(lambda body: {**body, name: change(body[name])})


def test_a_page_that_drifted_repeats_rows_harmlessly(
    warehouse: Warehouse,
    load: Loader,
    sender: str,
    agencies: dict[str, Agency],
    expected: dict[str, list[tuple[Any, ...]]],
    tmp_path: Path,
) -> None:
    first: list[Json] = []
    drift = once(sender, changed(sender, lambda page: [*first[-3:], *page]))

    def meddle(path: str, number: int, answer: Answer) -> Answer:
        if path.endswith(MAILS[sender]) and not first:
            first.extend(json.loads(answer.body)[ITEMS[sender]])
        return drift(path, number, answer)

    with spoilt(agencies[sender], tmp_path, sender, meddle) as config:
        report = load(sender, config, run_at=_now(agencies[sender]))
    assert report.failures == ()
    assert [c.duplicates for c in report.counts if c.resource == TABLE[sender]] == [3]
    assert raw(warehouse, sender) == expected


def test_one_poisoned_record_is_quarantined_and_comes_in_when_it_is_well(
    warehouse: Warehouse,
    load: Loader,
    sender: str,
    agencies: dict[str, Agency],
    expected: dict[str, list[tuple[Any, ...]]],
    tmp_path: Path,
) -> None:
    def poison(page: list[Json]) -> list[Json]:
        return [{name: {"wrong": ["type"]} for name in page[0]}, "no object", None, *page[1:]]

    run_at = _now(agencies[sender])
    meddle = once(sender, changed(sender, poison))
    with spoilt(agencies[sender], tmp_path, sender, meddle) as config:
        report = load(sender, config, run_at=run_at)
        assert report.failures == ()
        assert _quarantined(report, sender) == 3
        spoiled = raw(warehouse, sender)[TABLE[sender]]
        assert len(spoiled) == len(expected[TABLE[sender]]) - 1
        again = load(sender, config, run_at=run_at, since=agencies[sender].params.start)
    assert _quarantined(again, sender) == 0
    assert raw(warehouse, sender)[TABLE[sender]] == expected[TABLE[sender]]


def _quarantined(report: LoadReport, sender: str) -> int:
    return sum(count.quarantined for count in report.counts if count.resource == TABLE[sender])


def test_fields_that_nobody_knows_are_kept(
    warehouse: Warehouse, load: Loader, sender: str, agencies: dict[str, Agency], tmp_path: Path
) -> None:
    def grow(page: list[Json]) -> list[Json]:
        return [{**row, "new_field": {"deep": [1]}} for row in page]

    with spoilt(agencies[sender], tmp_path, sender, once(sender, changed(sender, grow))) as config:
        assert load(sender, config, run_at=_now(agencies[sender])).failures == ()
    kept = 'attributes like \'%"new_field":{"deep":[1]}%\''
    assert rows(warehouse, f"select count(*) from raw_{sender}.{TABLE[sender]} where {kept}")[0][0] > 0


def test_an_empty_account_is_no_failure(
    warehouse: Warehouse, load: Loader, sender: str, agencies: dict[str, Agency], tmp_path: Path
) -> None:
    def empty(_path: str, _number: int, answer: Answer) -> Answer:
        def nothing(body: Json) -> Json:
            if isinstance(body, list):
                return []
            return {**body, ITEMS[sender]: [], "next_starting_after": None, "total": 0}

        return answer.changed(nothing)

    with spoilt(agencies[sender], tmp_path, sender, empty) as config:
        report = load(sender, config, run_at=_now(agencies[sender]))
    assert report.failures == ()
    assert sum(count.received for count in report.counts) == 0
    assert set(map(len, raw(warehouse, sender).values())) == {0}


def test_a_429_that_names_no_time_is_waited_out_for_a_whole_window(
    load: Loader, sender: str, agencies: dict[str, Agency], naps: list[float], tmp_path: Path
) -> None:
    meddle = once(sender, lambda answer: replace(answer, status=429, body=THROTTLED[sender]))
    with spoilt(agencies[sender], tmp_path, sender, meddle) as config:
        account = config.sources.accounts(sender)[0]
        limits = [account.rate_limits[0].model_copy(update={"calls": 10**6, "seconds": 40.0})]
        section = getattr(config.sources, sender).model_copy(
            update={"accounts": (account.model_copy(update={"rate_limits": tuple(limits)}),)}
        )
        slow = config.model_copy(update={"sources": config.sources.model_copy(update={sender: section})})
        assert load(sender, slow, run_at=_now(agencies[sender])).failures == ()
    (nap,) = naps
    assert 40 <= nap <= 41
