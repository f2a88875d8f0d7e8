from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ingestion import hubspot
from ingestion.cursors import Reading, keep
from ingestion.errors import TerminalError
from ingestion.sweeps import sweep
from ingestion.values import Json
from tests.ingestion.conftest import NIGHT, agency
from tests.ingestion.fakes import Responder, hurried, job, spooled

CONFIG = agency(hubspot=[{"name": "acme", "api_key_env": "KEY", "client": "acme"}])
COMPANIES = hubspot.OBJECTS[0]
DEALS = hubspot.OBJECTS[2]
DAY = timedelta(days=1)


def portal(modified: list[datetime], wall: int, page: int) -> Responder:
    """Return a search over companies 1, 2, … with these modified dates, with a wall and short pages."""
    records = [
        {
            "id": str(number),
            "properties": {"hs_lastmodifieddate": moment.isoformat()},
            "createdAt": "2026-01-01T00:00:00Z",
            "archived": False,
        }
        for number, moment in enumerate(modified, start=1)
    ]

    def search(_method: str, _path: str, body: Mapping[str, Any]) -> Json:
        found = sorted(records, key=lambda record: str(record["properties"]))
        for group in body["filterGroups"]:
            for one in group["filters"]:
                limit = datetime.fromtimestamp(int(one["value"]) / 1000, UTC)
                keep = {
                    "GTE": lambda at, limit=limit: at >= limit,
                    "LTE": lambda at, limit=limit: at <= limit,
                }
                found = [r for r in found if keep[one["operator"]](_modified(r))]
        start = int(body.get("after", 0))
        if start >= wall:
            raise TerminalError(
                "hubspot account acme: HTTP 400: There was a problem with the request.", status=400
            )
        rows = found[start : min(start + page, wall)]
        more = (
            {"paging": {"next": {"after": str(start + len(rows))}}} if start + len(rows) < len(found) else {}
        )
        return {"total": len(found), "results": rows, **more}

    return search


def _modified(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["properties"]["hs_lastmodifieddate"])


def ids(responder: Responder, folder: Path, **options: Any) -> list[str]:
    made, _ = job("hubspot", CONFIG, folder, responder, **options)
    return [row["id"] for rows in hubspot.changed(made, COMPANIES) for row in rows]


def test_more_records_than_the_wall_are_all_read(tmp_path: Path) -> None:
    modified = [NIGHT + timedelta(minutes=number // 3) for number in range(40)]
    found = ids(portal(modified, wall=10, page=4), tmp_path)
    assert {int(number) for number in found} == set(range(1, 41))


def test_a_tie_that_fits_a_search_is_read_to_its_end(tmp_path: Path) -> None:
    modified = [NIGHT] * 9 + [NIGHT + timedelta(minutes=1)] * 9
    assert {int(number) for number in ids(portal(modified, wall=10, page=2), tmp_path)} == set(range(1, 19))


def test_a_tie_larger_than_a_search_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        TerminalError, match="more companies than one search can show were modified at the same"
    ):
        ids(portal([NIGHT] * 11, wall=10, page=5), tmp_path)


def test_a_night_reads_from_the_cursor_with_an_overlap(tmp_path: Path) -> None:
    modified = [NIGHT - timedelta(hours=hours) for hours in (5, 3, 1)]
    cursor = {"companies": (NIGHT - timedelta(hours=2, minutes=30)).isoformat()}
    assert ids(portal(modified, wall=100, page=50), tmp_path, cursor=cursor) == ["2", "3"]
    since, until = NIGHT - timedelta(hours=6), NIGHT - timedelta(hours=2)
    assert ids(portal(modified, 100, 50), tmp_path, cursor=cursor, since=since, until=until) == ["1", "2"]
    assert ids(portal(modified, 100, 50), tmp_path, limit=1) == ["1"]


@pytest.mark.parametrize(
    ("before", "since", "last", "after"),
    [
        (None, None, NIGHT - DAY, NIGHT - DAY),
        (NIGHT - DAY, None, NIGHT - DAY / 2, NIGHT - DAY / 2),
        (NIGHT - DAY, None, NIGHT + DAY, NIGHT),
        (NIGHT - DAY, None, None, NIGHT - DAY),
        (NIGHT - DAY, NIGHT - 9 * DAY, NIGHT - 8 * DAY, NIGHT - DAY),
        (NIGHT - 3 * DAY, NIGHT - 2 * DAY, NIGHT - DAY, NIGHT - 3 * DAY),
        (None, NIGHT - 2 * DAY, NIGHT - DAY, None),
    ],
    ids=[
        "first read",
        "a night",
        "changed while it is read",
        "a quiet night",
        "a backfill",
        "a gap",
        "a gap from the beginning",
    ],
)
def test_the_cursor_only_moves_over_what_is_complete(
    before: datetime | None,
    since: datetime | None,
    last: datetime | None,
    after: datetime | None,
    tmp_path: Path,
) -> None:
    known = {"companies": before.isoformat()} if before else {}
    made, _ = job("hubspot", CONFIG, tmp_path, portal([], 1, 1), since=since, cursor=known)
    cursor: dict[str, Any] = {**known}
    keep(made, cursor, "companies", {"companies": Reading(last)}, hubspot.OVERLAP)
    moved = cursor.get("companies")
    assert (datetime.fromisoformat(moved) if moved else None) == after


def test_a_deal_carries_its_associations_and_an_archived_one_those_it_had(tmp_path: Path) -> None:
    links = {
        "501": [
            {"toObjectId": 9, "associationTypes": [{"label": None}]},
            {"toObjectId": 10, "associationTypes": []},
        ],
    }

    def answer(_method: str, path: str, body: Mapping[str, Any]) -> Json:
        if "associations" in path and path.endswith("contacts/batch/read"):
            asked = [item["id"] for item in body["inputs"]]
            return {"results": [{"from": {"id": one}, "to": links[one]} for one in asked if one in links]}
        return {"results": []}

    held = [{"id": "502", "contacts": '[{"id":"7","labels":[]}]', "companies": None}]
    made, client = job("hubspot", CONFIG, tmp_path, answer, landed=held)
    deals = [
        {"id": "501", "properties": {}, "createdAt": "2026-01-01T00:00:00Z", "archived": False},
        {"id": "502", "properties": {}, "createdAt": "2026-01-01T00:00:00Z", "archived": True},
    ]
    hubspot.take(made, DEALS, deals, {})
    assert {row["id"]: row["contact_id"] for row in spooled(made, "deals")} == {"501": "9", "502": "7"}
    (history,) = [body for path, body in client.asked if path.endswith("deals/batch/read")]
    assert history["inputs"] == [{"id": "501"}]


def test_a_stage_of_the_history_belongs_to_the_pipeline_that_owns_it(tmp_path: Path) -> None:
    entries = [{"value": "old-stage", "timestamp": "2026-01-01T00:00:00Z"}]

    def answer(*_: object) -> Json:
        return {
            "results": [
                {
                    "id": "1",
                    "properties": {"pipeline": "new"},
                    "propertiesWithHistory": {"dealstage": entries},
                }
            ]
        }

    made, _ = job("hubspot", CONFIG, tmp_path, answer)
    hubspot.read_history(made, ["1"], {"old-stage": "old"})
    (row,) = spooled(made, "deal_stage_history")
    assert (row["deal_id"], row["pipeline"], row["stage"]) == ("1", "old", "old-stage")


def test_a_read_that_is_cut_short_goes_on_where_it_was(tmp_path: Path) -> None:
    modified = [NIGHT - timedelta(minutes=90 - number) for number in range(30)]
    cursor: dict[str, Any] = {}
    found: list[str] = []
    for night in range(6):
        options = {"cursor": {**cursor}} if cursor else {}
        made, _ = job("hubspot", CONFIG, tmp_path / str(night), portal(modified, 100, 10), **options)
        made, reading = hurried(made, 1), Reading()
        found += [row["id"] for rows in hubspot.changed(made, COMPANIES, reading) for row in rows]
        keep(made, cursor, "companies", {"companies": reading}, hubspot.OVERLAP)
        assert ("places" in cursor) == (not reading.is_whole)
        if reading.is_whole:
            break
        assert "companies" not in cursor
    assert made.notes == []
    assert (night, set(map(int, found))) == (3, set(range(1, 31)))
    assert datetime.fromisoformat(cursor["companies"]) == modified[-1]


def test_a_key_that_may_not_read_calls_reads_the_rest(tmp_path: Path) -> None:
    plain = portal([NIGHT], 100, 10)

    def answer(method: str, path: str, body: Mapping[str, Any]) -> Json:
        if path.endswith(("/calls/search", "/owners")):
            raise TerminalError(
                "hubspot account acme: HTTP 403: One or more of the scopes are required", status=403
            )
        return plain(method, path, body) if path.endswith("companies/search") else {"results": []}

    made, _ = job("hubspot", CONFIG, tmp_path, answer)
    after = hubspot.read(made)
    assert set(after) == {"companies", "swept_at"}
    assert [note.partition("may not read ")[2] for note in made.notes] == [
        "owners, which are left out; see docs/sources.md",
        "calls, which are left out; see docs/sources.md",
    ]
    made, _ = job("hubspot", CONFIG, tmp_path / "b", lambda *_: answer("GET", "/owners", {}))
    with pytest.raises(TerminalError, match="HTTP 403"):
        hubspot.read(made)


def test_a_sweep_that_is_cut_short_goes_on_with_the_next_kind(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(_method: str, path: str, _body: Mapping[str, Any]) -> Json:
        asked.append(path.rpartition("/")[2])
        return {"results": [{"id": "1"}]}

    cursor: dict[str, Any] = {"swept_at": (NIGHT - timedelta(days=7)).isoformat()}
    for night in range(9):
        made, _ = job("hubspot", CONFIG, tmp_path / str(night), answer, cursor={**cursor})
        made = hurried(made, 2)
        after: dict[str, Any] = dict(made.cursor)
        kinds = {kind.name: partial(hubspot.all_ids, made, kind, {}) for kind in hubspot.OBJECTS}
        sweep(made, after, kinds)
        cursor = after
        if "sweep_done" not in cursor:
            break
        assert made.notes == [
            "hubspot account acme: the time did not last for the sweep; the next run goes on"
        ]
    assert set(asked) == {kind.name for kind in hubspot.OBJECTS}
    assert night > 2
    assert cursor == {"swept_at": "2026-03-02T02:00:00.000Z"}
    early, _ = job("hubspot", CONFIG, tmp_path / "early", answer, cursor={**cursor}, since=NIGHT)
    assert not early.is_sweep
