from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion import instantly
from ingestion.errors import TransientError
from ingestion.instantly_records import event_key, readable_email, readable_event, readable_lead
from ingestion.paging import iso
from ingestion.values import Json
from tests.ingestion.conftest import NIGHT, agency
from tests.ingestion.fakes import FakeClient, job, spooled

CONFIG = agency(instantly=[{"name": "main", "api_key_env": "KEY", "client": "acme", "lookback_days": 10}])
CAMPAIGN = {
    "id": "c1",
    "name": "Opening",
    "status": 1,
    "timestamp_created": "2026-01-02T00:00:00.000Z",
    "sequences": [
        {
            "steps": [
                {"delay": 3, "delay_unit": "days", "variants": [{"subject": "a"}, {"subject": "b"}]},
                {"delay": 36, "delay_unit": "hours", "variants": [{"subject": "c"}]},
                {"delay": None, "variants": []},
                {"variants": [{"subject": "d"}]},
            ]
        }
    ],
}
SENT_AT = "2026-02-20T10:00:00.000Z"
EVENT = {"event_type": "email_opened", "timestamp": SENT_AT, "campaign_id": "c1", "lead_email": "jane@x.com"}


def email(number: int, **fields: Json) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "timestamp_created": SENT_AT,
        "timestamp_email": SENT_AT,
        "campaign_id": "c1",
        "lead": "Jane@x.com",
        "ue_type": 1,
        "step": "0_0_1",
        **fields,
    }


def workspace(**lists: list[Any]) -> Any:
    """Answer every list with the given items (dashes and slashes as _), and everything else with none."""

    def answer(_method: str, path: str, params: Mapping[str, Any]) -> Json:
        if "analytics" in path:
            return []
        rows = lists.get(path.strip("/").replace("-", "_").replace("/", "_"), [])
        if path == "/emails" and params.get("email_type"):
            rows = []
        start = int(params.get("starting_after", 0))
        page = rows[start : start + params["limit"]]
        return {"items": page, "next_starting_after": str(start + len(page))}

    return answer


def asked(client: FakeClient, path: str) -> list[Mapping[str, Any]]:
    return [params for found, params in client.asked if found == path]


def test_an_email_carries_what_its_campaign_and_the_labels_know(tmp_path: Path) -> None:
    labels = [{"id": "l", "label": "Hot", "interest_status": 1001}]
    rows = [email(1), email(2, ue_type=2, i_status=1001), email(3, step="0_1_0", i_status=1)]
    made, _ = job(
        "instantly", CONFIG, tmp_path, workspace(campaigns=[CAMPAIGN], emails=rows, lead_labels=labels)
    )
    instantly.read(made)
    found = {row["id"]: row for row in spooled(made, "emails")}
    wanted = ("variant", "step_number", "interest_label", "lead_key")
    assert {name: tuple(row[column] for column in wanted) for name, row in found.items()} == {
        "e1": ("B", 1, None, "email:jane@x.com"),
        "e2": ("B", 1, "Hot", "email:jane@x.com"),
        "e3": (None, 2, "Interested", "email:jane@x.com"),
    }


def test_a_steps_wait_is_the_delay_of_the_step_before(tmp_path: Path) -> None:
    made, _ = job("instantly", CONFIG, tmp_path, workspace(campaigns=[CAMPAIGN]))
    instantly.read(made)
    steps = [(row["step_number"], row["wait_days"], row["subject"]) for row in spooled(made, "steps")]
    assert steps == [(1, 0, "a"), (2, 3, "c"), (3, 1, None), (4, None, "d")]
    variants = [(row["id"], row["variant"]) for row in spooled(made, "variants")]
    assert variants == [("c1:0:0:0", "A"), ("c1:0:0:1", "B"), ("c1:0:1:0", None), ("c1:0:3:0", None)]


def test_the_last_full_page_has_a_cursor_and_an_empty_one_is_the_end(tmp_path: Path) -> None:
    made, client = job("instantly", CONFIG, tmp_path, workspace(emails=[email(n) for n in range(200)]))
    instantly.read(made)
    assert len(spooled(made, "emails")) == 200
    assert [params.get("starting_after") for params in asked(client, "/emails")] == [None, "100", "200"]


def test_a_list_that_goes_in_circles_is_an_error(tmp_path: Path) -> None:
    def circle(_method: str, _path: str, _params: Mapping[str, Any]) -> Json:
        return {"items": [{"email": "a@x.com"}], "next_starting_after": "same"}

    made, _ = job("instantly", CONFIG, tmp_path, circle)
    with pytest.raises(TransientError, match="points to itself"):
        list(instantly.pages(made, "/accounts"))


@pytest.mark.parametrize("cursor", [None, ""], ids=["null", "empty"])
def test_a_page_without_a_cursor_is_the_last(cursor: Json, tmp_path: Path) -> None:
    def answer(_method: str, _path: str, _params: Mapping[str, Any]) -> Json:
        return {"items": [{"email": "a@x.com"}], "next_starting_after": cursor}

    made, client = job("instantly", CONFIG, tmp_path, answer)
    assert len(list(instantly.pages(made, "/accounts"))) == 1
    assert len(client.asked) == 1


def test_an_answer_of_another_shape_is_no_empty_page(tmp_path: Path) -> None:
    made, _ = job("instantly", CONFIG, tmp_path, lambda *_: {"data": []})
    with pytest.raises(TransientError, match="expected a list 'items'"):
        list(instantly.pages(made, "/accounts"))


def test_the_first_read_takes_all_and_a_night_goes_on_from_the_newest(tmp_path: Path) -> None:
    lists = workspace(
        emails=[email(1)], webhook_events=[{"id": "d", "timestamp_created": SENT_AT, "payload": EVENT}]
    )
    made, client = job("instantly", CONFIG, tmp_path, lists)
    cursor = instantly.read(made)
    assert cursor == {"emails": SENT_AT, "deliveries": SENT_AT}
    assert all("min_timestamp_created" not in params for params in asked(client, "/emails"))
    assert asked(client, "/webhook-events")[0]["from"] is None
    made, client = job("instantly", CONFIG, tmp_path, workspace(), cursor=cursor)
    assert instantly.read(made) == cursor
    newest = datetime.fromisoformat(SENT_AT)
    start, back = iso(newest - timedelta(days=1)), iso(newest - timedelta(days=10))
    fresh, labelled = asked(client, "/emails")
    assert (fresh["min_timestamp_created"], fresh.get("max_timestamp_created")) == (start, None)
    assert (labelled["min_timestamp_created"], labelled["max_timestamp_created"]) == (back, start)
    assert labelled["email_type"] == "received"
    assert asked(client, "/webhook-events")[0]["from"] == "2026-02-19"


def test_a_time_in_the_future_does_not_move_the_cursor(tmp_path: Path) -> None:
    rows = [email(1), email(2, timestamp_created="9999-01-01T00:00:00Z"), email(3, timestamp_created="soon")]
    made, _ = job("instantly", CONFIG, tmp_path, workspace(emails=rows))
    assert instantly.read(made)["emails"] == SENT_AT


@pytest.mark.parametrize(
    "request_", [{"limit": 1}, {"until": NIGHT}, {"since": NIGHT}], ids=["limit", "until", "since"]
)
def test_a_partial_read_does_not_move_the_cursor(request_: dict[str, Any], tmp_path: Path) -> None:
    before = {"emails": "2026-01-01T00:00:00.000Z", "deliveries": None}
    lists = workspace(emails=[email(1), email(2)])
    made, client = job("instantly", CONFIG, tmp_path, lists, cursor=before, **request_)
    assert instantly.read(made) == before
    if "limit" in request_:
        assert len(spooled(made, "emails")) == 1
    else:
        names = {"until": "max_timestamp_created", "since": "min_timestamp_created"}
        (name,) = request_
        assert asked(client, "/emails")[0][names[name]] == iso(NIGHT)


@pytest.mark.parametrize(
    ("step", "numbers"),
    [
        ("0_2_1", (0, 2, 1, 3)),
        ("step-123", (None,) * 4),
        (None, (None,) * 4),
        ("0_x_1", (None,) * 4),
        ("1", (None,) * 4),
    ],
)
def test_steps_are_read_where_they_can_be(step: Json, numbers: tuple[int | None, ...]) -> None:
    found = readable_email({"step": step})
    names = ("sequence_index", "step_index", "variant_index", "step_number")
    assert tuple(found.get(name) for name in names) == numbers


def test_who_wrote_without_being_a_lead_is_at_the_other_end() -> None:
    assert readable_email({"ue_type": 2, "from_address_email": "a@x.com"})["other_end"] == "a@x.com"
    assert (
        readable_email({"ue_type": 3, "to_address_email_list": "b@x.com, c@x.com"})["other_end"] == "b@x.com"
    )
    assert readable_email({"ue_type": 3})["other_end"] is None
    assert readable_email({"body": "plain"})["body"] == {"text": "plain"}


def test_a_leads_variables_are_found_whatever_they_are_called() -> None:
    lead = readable_lead({"payload": {"LinkedIn URL": "x", "job_title": "CEO"}})
    assert lead["custom"] == {"linkedinurl": "x", "jobtitle": "CEO"}
    assert readable_lead({"payload": None})["custom"] == {}


def test_an_event_has_the_same_key_however_it_came() -> None:
    key = event_key(EVENT)
    assert readable_event({"id": "1", "payload": EVENT})["event_key"] == key
    assert readable_event({"id": "2", "payload": '{"event_type": "email_opened"}'})["event_key"] != key
    assert event_key({**EVENT, "firstName": "Jane"}) == key
    assert event_key({**EVENT, "timestamp": "2026-02-20T10:00:00.001Z"}) != key
    assert event_key({}) is None


def test_a_delivery_without_an_event_is_quarantined_and_the_delivery_kept(tmp_path: Path) -> None:
    rows = [{"id": "1", "payload": {}}, {"id": "2", "payload": "no json"}, {"id": "3", "payload": EVENT}]
    made, _ = job("instantly", CONFIG, tmp_path, workspace(webhook_events=rows))
    instantly.read(made)
    assert made.spool.tallies["webhook_events"].quarantined == 2
    assert [row["id"] for row in spooled(made, "webhook_deliveries")] == ["1", "2", "3"]


def test_the_block_list_holds_addresses_and_domains(tmp_path: Path) -> None:
    values = ["a@x.com", "Rival.example", "@third.example"]
    rows = [{"id": str(number), "bl_value": value} for number, value in enumerate(values)]
    made, _ = job("instantly", CONFIG, tmp_path, workspace(block_lists_entries=rows))
    instantly.read(made)
    found = [(row["email_key"], row["domain_key"]) for row in spooled(made, "block_list")]
    assert found == [("a@x.com", None), (None, "rival.example"), (None, "third.example")]
