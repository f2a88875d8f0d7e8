from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion import smartlead
from ingestion.paging import iso
from ingestion.values import Json
from tests.ingestion.conftest import NIGHT, agency
from tests.ingestion.fakes import job, spooled

CONFIG = agency(smartlead=[{"name": "main", "api_key_env": "KEY", "client": "acme", "lookback_days": 10}])
REPLIED = "2026-02-01T10:00:00.000Z"
STEP = {"id": 5, "seq_number": 1, "sequence_variants": [{"id": 77, "variant_label": "B", "subject": "s"}]}
LEAD = {
    "campaign_lead_map_id": 1,
    "status": "STARTED",
    "lead": {"id": 3, "email": "jane@x.com", "phone_number": "--"},
}


def statistic(number: int, **fields: Json) -> dict[str, Any]:
    return {
        "stats_id": f"s{number}",
        "lead_email": "Jane@x.com",
        "seq_variant_id": 77,
        "sent_time": "2026-01-31T10:00:00.000Z",
        "is_bounced": False,
        **fields,
    }


def workspace(statistics: list[dict[str, Any]], page: int = 1000) -> Any:
    def answer(_method: str, path: str, params: Mapping[str, Any]) -> Json:
        if path == "/campaigns/":
            return [{"id": 9, "name": "c", "client_id": 4}]
        if path.endswith("/sequences"):
            return [STEP]
        if path.endswith("/leads"):
            return {"total_leads": "1", "data": [LEAD] if params["offset"] == 0 else []}
        if path.endswith("/statistics"):
            start = params["offset"]
            return {"total_stats": str(len(statistics)), "data": statistics[start : start + page]}
        return {"history": [{"type": "REPLY", "stats_id": "s1", "time": REPLIED, "message_id": "<m1>"}]}

    return answer


def threads(asked: list[tuple[str, Mapping[str, Any]]]) -> list[str]:
    return [path for path, _ in asked if path.endswith("message-history")]


def test_a_statistics_row_carries_what_its_campaign_knows(tmp_path: Path) -> None:
    made, _ = job("smartlead", CONFIG, tmp_path, workspace([statistic(1)]))
    assert smartlead.read(made) == {"statistics": {"9": iso(NIGHT)}}
    (row,) = spooled(made, "statistics")
    wanted = {"campaign_id": "9", "provider_client_id": "4", "variant": "B", "lead_key": "email:jane@x.com"}
    assert {name: row[name] for name in wanted} == wanted
    (lead,) = spooled(made, "leads")
    assert (lead["id"], lead["phone"]) == ("3", None)


def test_short_pages_do_not_end_the_statistics(tmp_path: Path) -> None:
    rows = [statistic(number) for number in range(25)]
    made, client = job("smartlead", CONFIG, tmp_path, workspace(rows, page=10))
    smartlead.read(made)
    assert len(spooled(made, "statistics")) == 25
    assert made.spool.tallies["statistics"].reported == 25
    assert [p["offset"] for path, p in client.asked if path.endswith("/statistics")] == [0, 10, 20]


@pytest.mark.parametrize(
    ("landed", "is_read"),
    [
        ([], True),
        ([{"id": "s1", "reply_time": datetime.fromisoformat(REPLIED)}], False),
        ([{"id": "s1", "reply_time": datetime.fromisoformat(REPLIED) - timedelta(days=1)}], True),
    ],
    ids=["first reply", "landed reply", "another reply"],
)
def test_a_thread_is_read_when_its_reply_has_not_landed(
    landed: list[dict[str, Any]], is_read: bool, tmp_path: Path
) -> None:
    rows = [statistic(1, reply_time=REPLIED), statistic(2)]
    made, client = job("smartlead", CONFIG, tmp_path, workspace(rows), landed=landed)
    smartlead.read(made)
    assert threads(client.asked) == (["/campaigns/9/leads/3/message-history"] if is_read else [])


def test_the_first_read_takes_all_and_a_night_looks_back(tmp_path: Path) -> None:
    def period(**options: Any) -> dict[str, str]:
        read_at = options.pop("read_at", None)
        made, _ = job("smartlead", CONFIG, tmp_path, workspace([]), **options)
        return smartlead.statistics_period(made, read_at)

    assert period() == {}
    assert period(read_at=iso(NIGHT)) == {"sent_time_start_date": iso(NIGHT - timedelta(days=10))}
    since, until = NIGHT - timedelta(days=90), NIGHT - timedelta(days=60)
    assert period(read_at=iso(NIGHT), since=since, until=until) == {
        "sent_time_start_date": iso(since),
        "sent_time_end_date": iso(until),
    }


@pytest.mark.parametrize(
    "asked", [{"limit": 1}, {"until": NIGHT}, {"since": NIGHT}], ids=["limit", "until", "since"]
)
def test_a_partial_read_does_not_move_the_cursor(asked: dict[str, Any], tmp_path: Path) -> None:
    made, _ = job("smartlead", CONFIG, tmp_path, workspace([statistic(1), statistic(2)]), **asked)
    assert smartlead.read(made) == {"statistics": {}}


def test_an_entry_without_a_message_id_gets_one_of_its_content() -> None:
    entry = {"type": "REPLY", "stats_id": "s1", "time": REPLIED}
    assert (
        smartlead.readable_entry(entry)["content_id"] == smartlead.readable_entry(dict(entry))["content_id"]
    )
    assert (
        smartlead.readable_entry(entry)["content_id"]
        != smartlead.readable_entry({**entry, "time": "x"})["content_id"]
    )
