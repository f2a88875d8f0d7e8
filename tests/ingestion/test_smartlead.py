from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion import smartlead
from ingestion.errors import TerminalError
from ingestion.paging import iso, moment
from ingestion.smartlead_records import readable_entry
from ingestion.values import Json
from tests.ingestion.conftest import NIGHT, agency
from tests.ingestion.fakes import job, spooled

CONFIG = agency(smartlead=[{"name": "main", "api_key_env": "KEY", "client": "acme", "lookback_days": 10}])
SENT, REPLIED = "2026-01-31T10:00:00.000Z", "2026-02-01T10:00:00.000Z"
GONE = TerminalError(
    "smartlead account main: /campaigns/9/leads: HTTP 404: Campaign not found - Invalid campaign_id.;"
    " check base_url and the id",
    status=404,
)
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
        "sent_time": SENT,
        "is_bounced": False,
        **fields,
    }


def conversation(**fields: Json) -> dict[str, Any]:
    return {
        "email_lead_map_id": "1",
        "email_lead_id": "3",
        "lead_email": "Jane@X.com",
        "email_campaign_id": 9,
        "client_id": 4,
        "last_reply_time": REPLIED,
        "email_history": [
            {"type": "SENT", "stats_id": "s1", "time": SENT, "message_id": "<m0>"},
            {"type": "REPLY", "stats_id": "s1", "time": REPLIED, "message_id": "<m1>"},
        ],
        **fields,
    }


def workspace(
    statistics: list[dict[str, Any]],
    page: int = 1000,
    campaigns: tuple[int, ...] = (9,),
    inbox: list[dict[str, Any]] | None = None,
    answers: Mapping[str, Json] | None = None,
) -> Any:
    """Answer as a workspace; answers: what ends of paths get instead, an exception is raised."""

    def answer(_method: str, path: str, params: Mapping[str, Any]) -> Json:
        for end, found in (answers or {}).items():
            if path.endswith(end):
                if isinstance(found, Exception):
                    raise found
                return found
        if path == "/campaigns/":
            return [{"id": number, "name": "c", "client_id": 4} for number in campaigns]
        if path == "/email-accounts/":
            return [{"id": 5, "from_email": "me@x.com", "password": "planted"}][params["offset"] :]
        if path.endswith("/inbox-replies"):
            start, size = params["offset"], params["limit"]
            return {"ok": True, "data": (inbox or [])[start : start + size]}
        if path.endswith("/sequences"):
            return [STEP]
        if path.endswith("/leads"):
            return {"total_leads": "1", "data": [LEAD] if params["offset"] == 0 else []}
        if path.endswith("/statistics"):
            start = params["offset"]
            return {"total_stats": str(len(statistics)), "data": statistics[start : start + page]}
        return {"history": conversation()["email_history"]}

    return answer


def threads(asked: list[tuple[str, Mapping[str, Any]]]) -> list[str]:
    return [path for path, _ in asked if path.endswith("message-history")]


def read_campaigns(asked: list[tuple[str, Mapping[str, Any]]]) -> list[str]:
    return [path.split("/")[2] for path, _ in asked if path.endswith("/sequences")]


def test_a_statistics_row_carries_what_its_campaign_knows(tmp_path: Path) -> None:
    made, _ = job("smartlead", CONFIG, tmp_path, workspace([statistic(1)]))
    now = iso(NIGHT)
    assert smartlead.read(made) == {"statistics": {"9": now}, "whole": {"9": now}, "inbox": now}
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


LATER = "2026-02-02T10:00:00.000Z"


def landed(on_row: str | None, in_thread: str | None, seen: str | None) -> Any:
    """What has landed: the reply on the row and in the thread, and up to when the thread was read."""

    def found(sql: str, _params: object) -> list[dict[str, Any]]:
        if "group by" in sql:
            return [{"lead_key": "email:jane@x.com", "newest_at": on_row or SENT, "seen_at": seen}]
        if "raw_smartlead.statistics" in sql:
            return [{"id": "s1", "reply_time": moment(on_row)}] if on_row else []
        entry = {"campaign_id": "9", "lead_key": "email:jane@x.com", "time": moment(in_thread)}
        return [entry] if in_thread else []

    return found


@pytest.mark.parametrize(
    ("before", "replied", "is_read"),
    [
        (None, None, True),
        (None, REPLIED, True),
        (landed(None, None, None), None, True),
        (landed(None, None, SENT), None, False),
        (landed(None, None, SENT), REPLIED, True),
        (landed(REPLIED, None, SENT), REPLIED, True),
        (landed(REPLIED, REPLIED, REPLIED), REPLIED, False),
        (landed(None, REPLIED, REPLIED), REPLIED, False),
        (landed(REPLIED, REPLIED, REPLIED), LATER, True),
        (landed(LATER, LATER, LATER), REPLIED, True),
        (landed(None, None, SENT), "2027-02-02T10:00:00.000Z", False),
    ],
    ids=[
        "first message",
        "first reply",
        "message whose thread was left unread",
        "message whose thread has been read",
        "reply after the thread was read",
        "reply that landed, whose thread was left unread",
        "reply whose thread has been read",
        "reply that landed with its thread before it stood on its row",
        "another reply",
        "earlier reply that shows late",
        "reply from the future",
    ],
)
def test_a_thread_is_read_when_something_is_new_in_it(
    before: Any, replied: str | None, is_read: bool, tmp_path: Path
) -> None:
    rows = [statistic(1, reply_time=replied)]
    made, client = job("smartlead", CONFIG, tmp_path, workspace(rows))
    made = replace(made, landed=before) if before else made
    smartlead.read(made)
    assert threads(client.asked) == (["/campaigns/9/leads/3/message-history"] if is_read else [])
    assert [row["seen_at"] is not None for row in spooled(made, "message_history")] == [False, True] * is_read


def test_a_thread_that_was_left_unread_is_read_though_its_messages_are_not_read_again(tmp_path: Path) -> None:
    for before, is_read in ((landed(None, None, None), True), (landed(None, None, SENT), False)):
        made, client = job("smartlead", CONFIG, tmp_path, workspace([]))
        smartlead.read(replace(made, landed=before))
        assert bool(threads(client.asked)) == is_read
    made, client = job("smartlead", CONFIG, tmp_path, workspace([]), since=NIGHT)
    smartlead.read(replace(made, landed=landed(None, None, None)))
    assert threads(client.asked) == [], "a period has its own messages' threads read"


def test_what_the_inbox_shows_is_not_asked_for_again(tmp_path: Path) -> None:
    rows = [statistic(1, reply_time=REPLIED)]
    made, client = job("smartlead", CONFIG, tmp_path, workspace(rows, inbox=[conversation()]))
    smartlead.read(made)
    assert threads(client.asked) == []
    one = spooled(made, "message_history")
    other, _ = job("smartlead", CONFIG, tmp_path / "other", workspace(rows))
    smartlead.read(other)
    assert one == spooled(other, "message_history"), "a thread is the same, whichever way it came"
    body = {"offset": 0, "limit": 20, "sortBy": "REPLY_TIME_DESC"}
    period = {"filters": {"replyTimeBetween": ["2000-01-01T00:00:00.000Z", iso(NIGHT)]}}
    assert [params for path, params in client.asked if "inbox" in path] == [body | period]


def test_a_key_that_may_not_read_the_inbox_reads_threads_one_by_one(tmp_path: Path) -> None:
    denied = TerminalError(
        "smartlead account main: /inbox: HTTP 403: no; give the key the scope it needs", status=403
    )
    every = workspace([statistic(1, reply_time=REPLIED)], answers={"/inbox-replies": denied})
    made, client = job("smartlead", CONFIG, tmp_path, every)
    assert "inbox" not in smartlead.read(made)
    assert made.notes[0].startswith(f"{denied}; only replies to a campaign's messages are read")
    assert threads(client.asked) == ["/campaigns/9/leads/3/message-history"]
    wrong = TerminalError(
        "smartlead account main: /inbox: HTTP 401: Invalid API Key; check the key", status=401
    )
    made, _ = job("smartlead", CONFIG, tmp_path, workspace([], answers={"/inbox-replies": wrong}))
    with pytest.raises(TerminalError, match="Invalid API Key"):
        smartlead.read(made)


def test_a_reply_to_no_campaign_lands_with_its_lead(tmp_path: Path) -> None:
    stray = conversation(email_campaign_id=None, client_id=None, email_lead_map_id=None)
    made, _ = job("smartlead", CONFIG, tmp_path, workspace([], inbox=[stray]))
    smartlead.read(made)
    found = [(row["campaign_id"], row["lead_key"], row["type"]) for row in spooled(made, "message_history")]
    assert found == [(None, "email:jane@x.com", "sent"), (None, "email:jane@x.com", "reply")]
    assert made.spool.tallies["inbox_replies"].quarantined == 1


def test_the_inbox_is_read_in_pages_back_to_where_it_was_left_off(tmp_path: Path) -> None:
    def at(day: int) -> str:
        return iso(NIGHT - timedelta(days=day))

    many = [conversation(email_lead_map_id=str(day), last_reply_time=at(day)) for day in range(30)]
    made, client = job("smartlead", CONFIG, tmp_path, workspace([], inbox=many))
    assert smartlead.read(replace(made, seconds_left=lambda: 0.0))["inbox_before"] == at(19)
    assert "older than 2026-02-11T02:00:00.000Z are left to the next night" in made.notes[0]
    cursor = {"inbox": iso(NIGHT), "inbox_before": at(19)}
    made, client = job("smartlead", CONFIG, tmp_path, workspace([], inbox=many), cursor=cursor)
    assert "inbox_before" not in smartlead.read(made)
    asked = [params for path, params in client.asked if "inbox" in path]
    assert [params["offset"] for params in asked] == [0, 20, 0, 20]
    begin, end = "2000-01-01T00:00:00.000Z", iso(NIGHT)
    assert [params["filters"]["replyTimeBetween"] for params in asked[1:3]] == [[at(7), end], [begin, at(19)]]


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
    assert period(read_at=iso(NIGHT), until=until) == {"sent_time_end_date": iso(until)}


def test_every_campaign_is_read_from_its_beginning_within_seven_nights_some_each_night(
    tmp_path: Path,
) -> None:
    made, _ = job("smartlead", CONFIG, tmp_path, workspace([]))
    whole = {str(number): iso(NIGHT) for number in range(140)}
    gaps, sizes = set(), []
    for night in range(1, 22):
        now = NIGHT + timedelta(days=night, minutes=-night)  # cron is never quite on time
        tonight = replace(made, request=replace(made.request, run_at=now))
        due = [name for name, at in whole.items() if smartlead.is_due(tonight, name, at)]
        gaps |= {(now - datetime.fromisoformat(whole[name])).days + 1 for name in due}
        whole |= dict.fromkeys(due, iso(now))
        sizes.append(len(due))
        assert not [name for name in due if smartlead.is_due(tonight, name, whole[name])]
    assert max(gaps) == 7
    assert all(5 <= size <= 40 for size in sizes)


@pytest.mark.parametrize(
    "asked", [{"limit": 1}, {"until": NIGHT}, {"since": NIGHT}], ids=["limit", "until", "since"]
)
def test_a_partial_read_does_not_move_the_cursor(asked: dict[str, Any], tmp_path: Path) -> None:
    before = {"statistics": {"9": "2026-02-01T02:00:00.000Z"}, "inbox": "2026-02-01T02:00:00.000Z"}
    rows = [statistic(1), statistic(2)]
    made, _ = job("smartlead", CONFIG, tmp_path, workspace(rows), cursor=before, **asked)
    assert smartlead.read(made) == before


def test_when_the_time_is_up_the_next_night_begins_with_what_was_left(tmp_path: Path) -> None:
    every = workspace([statistic(1)], campaigns=(7, 8, 9))
    cursor: dict[str, Any] = {}
    for night, name in enumerate(["7", "8", "9", "7"]):
        made, client = job("smartlead", CONFIG, tmp_path / str(night), every, cursor=cursor)
        now = NIGHT + timedelta(days=night)
        hurried = replace(made, seconds_left=lambda: 0.0, request=replace(made.request, run_at=now))
        cursor = smartlead.read(hurried)
        assert read_campaigns(client.asked) == [name]
        assert cursor["statistics"][name] == iso(now)
        assert threads(client.asked) == []
        assert made.notes == [
            "smartlead account main: 1 campaigns read; 2 are left, about 2 more nights",
            "smartlead account main: 0 message histories read; 1 are left",
        ]
    made, client = job("smartlead", CONFIG, tmp_path / "last", every, cursor=cursor)
    smartlead.read(made)
    assert read_campaigns(client.asked) == ["8", "9", "7"]
    assert len(threads(client.asked)) == 3


def test_a_period_that_was_cut_off_is_gone_on_with(tmp_path: Path) -> None:
    every = workspace([], campaigns=(7, 8, 9))
    cursor: dict[str, Any] = {"statistics": {"8": iso(NIGHT)}}
    read: list[list[str]] = []
    for since in (1, 1, 2, 2):
        start = NIGHT - timedelta(days=since)
        made, client = job("smartlead", CONFIG, tmp_path / str(len(read)), every, cursor=cursor, since=start)
        made = replace(made, seconds_left=lambda: 0.0) if len(read) in (0, 2) else made
        cursor = smartlead.read(made)
        read.append(read_campaigns(client.asked))
        assert cursor["statistics"] == {"8": iso(NIGHT)}
        assert ("period" in cursor) == (len(read) in (1, 3))
    assert read == [["7"], ["9", "8"], ["7"], ["9", "8"]]


@pytest.mark.parametrize("end", ["/campaigns/9/sequences", "/campaigns/9/leads", "/campaigns/9/statistics"])
@pytest.mark.parametrize("found", [{}, GONE], ids=["empty answer", "404 in JSON"])
def test_a_campaign_that_is_gone_stops_no_other(end: str, found: Json, tmp_path: Path) -> None:
    every = workspace([statistic(1)], campaigns=(8, 9), answers={end: found})
    made, _ = job("smartlead", CONFIG, tmp_path, every)
    assert set(smartlead.read(made)["statistics"]) == {"8"}
    assert made.notes == [f"smartlead account main: {end}: campaign 9 was listed, but is not there any more"]


def test_a_wrong_path_is_an_error_not_a_campaign_that_is_gone(tmp_path: Path) -> None:
    wrong = TerminalError(
        "smartlead account main: /x: HTTP 404: an HTML page; check base_url and the id", status=404
    )
    made, _ = job("smartlead", CONFIG, tmp_path, workspace([], answers={"/leads": wrong}))
    with pytest.raises(TerminalError, match="an HTML page"):
        smartlead.read(made)


@pytest.mark.parametrize("found", [{"history": []}, {}, GONE], ids=["empty", "nothing", "404"])
def test_a_thread_without_entries_is_not_asked_for_every_night(found: Json, tmp_path: Path) -> None:
    silent = {"message-history": found}
    made, client = job("smartlead", CONFIG, tmp_path, workspace([statistic(1)], answers=silent))
    cursor = smartlead.read(made)
    assert len(threads(client.asked)) == 1
    made, client = job(
        "smartlead", CONFIG, tmp_path, workspace([statistic(1)], answers=silent), cursor=cursor
    )
    assert smartlead.read(made)["empty"] == cursor["empty"]
    assert threads(client.asked) == []
    later = [statistic(1), statistic(2, sent_time=REPLIED)]
    made, client = job("smartlead", CONFIG, tmp_path, workspace(later, answers=silent), cursor=cursor)
    smartlead.read(made)
    assert len(threads(client.asked)) == 1


def test_an_entry_without_a_message_id_gets_one_of_its_content() -> None:
    entry = {"type": "REPLY", "stats_id": "s1", "time": REPLIED}
    assert readable_entry(entry)["content_id"] == readable_entry(dict(entry))["content_id"]
    assert readable_entry(entry)["content_id"] != readable_entry({**entry, "time": "x"})["content_id"]
