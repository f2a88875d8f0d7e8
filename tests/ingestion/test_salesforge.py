from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion import salesforge
from ingestion.errors import TransientError
from ingestion.paging import iso
from ingestion.salesforge_records import readable_contact, readable_mail
from ingestion.values import Json
from tests.ingestion.conftest import NIGHT, agency
from tests.ingestion.fakes import FakeClient, job, spooled

CONFIG = agency(
    salesforge=[
        {"name": "main", "api_key_env": "KEY", "provider_clients": {"w1": "acme"}, "lookback_days": 10}
    ]
)
DATE = "2026-01-05T10:00:00Z"
THREAD = {"id": "t1", "contactEmail": "bill@x.com", "date": DATE, "labelId": "l1"}
DETAIL = {
    "contact": {"id": "c1", "email": "bill@x.com"},
    "emails": [
        {"id": "e1", "date": "2026-01-05T09:00:00Z", "fromAddress": "me@own.com", "toAddress": "bill@x.com"},
        {"id": "e2", "date": DATE, "fromAddress": "Bill@x.com", "toAddress": "me@own.com", "content": "Sure"},
    ],
    "linkedinMessages": [
        {"id": "m1", "direction": "inbound", "date": DATE, "message": "Hello", "accountId": 7}
    ],
    "sequence": {"id": "s1"},
}
STEPS = [
    {
        "id": "p2",
        "order": 1,
        "waitDays": 3,
        "variants": [{"id": "v3", "label": "A", "emailSubject": "again"}],
    },
    {
        "id": "p1",
        "order": 0,
        "waitDays": 0,
        "variants": [{"id": "v1", "label": "A", "emailSubject": "first"}],
    },
]


def account(details: Mapping[str, Json] | None = None, **lists: list[Any]) -> Any:
    """Answer one workspace's lists with the given rows, single records with `details`."""
    lists = {"workspaces": [{"id": "w1", "name": "W"}], **lists}

    def answer(_method: str, path: str, params: Mapping[str, Any]) -> Json:
        name = path.rpartition("/")[2].replace("-", "_")
        if "multichannel" in path:
            return {"sequences": [{"id": 5, "name": "both"}], "pagination": {"hasNext": params["page"] < 2}}
        if details and name in details:
            return details[name]
        if name == "analytics":
            return {"days": {"2026-01-05": {"sent": 2}}, "stats": {}}
        rows = lists.get(name, [])
        page = rows[params["offset"] : params["offset"] + params["limit"]]
        return {"data": page, "limit": params["limit"], "offset": params["offset"], "total": len(rows)}

    return answer


def asked(client: FakeClient, end: str) -> list[Mapping[str, Any]]:
    return [params for path, params in client.asked if path.endswith(end)]


def test_threads_are_parted_into_what_came_in_and_what_went_out(tmp_path: Path) -> None:
    labels = [{"id": "l1", "name": "Positive"}]
    boxes = [{"id": "b1", "address": "Me@own.com"}]
    lists = account({"t1": DETAIL}, threads=[THREAD], primebox_labels=labels, mailboxes=boxes)
    made, _ = job("salesforge", CONFIG, tmp_path, lists)
    assert salesforge.read(made) == {"read": iso(NIGHT)}
    emails = [
        (row["id"], row["direction"], row["label"], row["lead_key"]) for row in spooled(made, "thread_emails")
    ]
    assert emails == [
        ("e1", "outbound", "Positive", "email:bill@x.com"),
        ("e2", "inbound", "Positive", "email:bill@x.com"),
    ]
    (message,) = spooled(made, "linkedin_messages")
    assert (message["direction"], message["body"], message["sequence_id"]) == ("inbound", "Hello", "s1")
    assert message["account_id"] == "7"


@pytest.mark.parametrize(
    ("landed", "is_read"),
    [
        ([], True),
        ([{"id": "t1", "last_at": datetime.fromisoformat(DATE), "label_id": "l1"}], False),
        ([{"id": "t1", "last_at": datetime.fromisoformat(DATE), "label_id": None}], True),
        ([{"id": "t1", "last_at": NIGHT, "label_id": "l1"}], True),
    ],
    ids=["new", "as it was", "another label", "another date"],
)
def test_a_thread_is_read_when_it_is_not_as_it_landed(
    landed: list[dict[str, Any]], is_read: bool, tmp_path: Path
) -> None:
    made, client = job(
        "salesforge", CONFIG, tmp_path, account({"t1": DETAIL}, threads=[THREAD]), landed=landed
    )
    salesforge.read(made)
    assert len(asked(client, "/threads/t1")) == (1 if is_read else 0)


@pytest.mark.parametrize(
    ("email", "way"),
    [
        ({"fromAddress": "me@own.com", "toAddress": "bill@x.com"}, "outbound"),
        ({"fromAddress": "bill@x.com", "toAddress": "gone@own.com", "type": "sent"}, "inbound"),
        ({"fromAddress": "assistant@x.com", "toAddress": "me@own.com"}, "inbound"),
        ({"fromAddress": "gone@own.com", "toAddress": "bill@x.com"}, "outbound"),
        ({"fromAddress": "gone@own.com", "toAddress": "other@x.com", "type": "sent"}, "outbound"),
        ({"fromAddress": "a@y.com", "toAddress": None, "type": None}, "inbound"),
        ({}, "inbound"),
    ],
)
def test_which_way_an_email_went(email: dict[str, Any], way: str) -> None:
    assert salesforge.direction(email, "bill@x.com", {"me@own.com"}) == way


def test_steps_are_numbered_by_their_order(tmp_path: Path) -> None:
    detail = {"id": "s1", "name": "S", "steps": STEPS}
    made, client = job(
        "salesforge", CONFIG, tmp_path, account({"s1": detail}, sequences=[{"id": "s1", "steps": []}])
    )
    salesforge.read(made)
    assert asked(client, "/sequences")[0]["type"] == "legacy"
    steps = [
        (row["id"], row["step_number"], row["wait_days"], row["subject"]) for row in spooled(made, "steps")
    ]
    assert steps == [("p1", 1, 0, "first"), ("p2", 2, 3, "again")]
    (day,) = spooled(made, "sequence_days")
    assert (str(day["date"]), day["sent"], day["sequence_id"]) == ("2026-01-05", 2, "s1")
    both = [row["id"] for row in spooled(made, "multichannel_sequences")]
    assert both == ["5"]
    assert len(asked(client, "/sequences")) == 3, "one list, and two pages of the other host's"


def test_daily_figures_are_read_from_the_look_back_on(tmp_path: Path) -> None:
    lists = account({"s1": {"id": "s1"}}, sequences=[{"id": "s1"}])
    for cursor, first in (({}, "2024-03-02"), ({"read": iso(NIGHT)}, "2026-02-20")):
        made, client = job("salesforge", CONFIG, tmp_path, lists, cursor=cursor)
        salesforge.read(made)
        assert asked(client, "/analytics") == [{"from_date": first, "to_date": "2026-03-02"}]


def test_a_list_is_read_to_its_total_however_short_its_pages_are(tmp_path: Path) -> None:
    rows = [{"id": str(number)} for number in range(25)]

    def short(_method: str, _path: str, params: Mapping[str, Any]) -> Json:
        return {"data": rows[params["offset"] : params["offset"] + 10], "total": 25}

    made, client = job("salesforge", CONFIG, tmp_path, short)
    assert [len(page) for page in salesforge.pages(made, "/x")] == [10, 10, 5]
    assert [params["offset"] for _, params in client.asked] == [0, 10, 20]


def test_an_answer_of_another_shape_is_no_empty_page(tmp_path: Path) -> None:
    made, _ = job("salesforge", CONFIG, tmp_path, lambda *_: {"items": []})
    with pytest.raises(TransientError, match="expected a list 'data'"):
        list(salesforge.pages(made, "/x"))


@pytest.mark.parametrize(
    "part", [{"limit": 1}, {"until": NIGHT}, {"since": NIGHT}], ids=["limit", "until", "since"]
)
def test_a_partial_read_does_not_move_the_cursor(part: dict[str, Any], tmp_path: Path) -> None:
    rows = [{"sequenceId": "s1", "contactId": f"c{n}", "sent": DATE, "email": "a@x.com"} for n in range(3)]
    made, _ = job("salesforge", CONFIG, tmp_path, account(sending_data=rows), **part)
    assert salesforge.read(made) == {}
    assert len(spooled(made, "sending_data")) == (1 if "limit" in part else 3)


def test_an_email_is_named_by_contact_sequence_and_time() -> None:
    row = {"sequenceId": "s", "contactId": "c", "scheduled": DATE, "sent": ""}
    assert readable_mail(row)["id"] == f"s:c:{DATE}"
    assert readable_mail({**row, "sent": "later"})["id"] == f"s:c:{DATE}"
    assert readable_mail({**row, "scheduled": "", "sent": "later"})["id"] == "s:c:later"
    assert readable_mail({"sequenceId": "s"})["id"] is None


def test_a_contact_who_left_one_sequence_is_unsubscribed() -> None:
    contact = {
        "sequences": [{"status": "finished"}, {"status": "unsubscribed"}],
        "customVars": {"Web Site": "x"},
    }
    assert readable_contact(contact)["is_unsubscribed"]
    assert readable_contact(contact)["custom"] == {"website": "x"}
    assert not readable_contact({"sequences": None, "customVars": []})["is_unsubscribed"]


def test_the_do_not_contact_list_holds_addresses_domains_and_profiles(tmp_path: Path) -> None:
    rows = [
        {"value": "A@x.com", "type": "email"},
        {"value": "x.com", "type": "domain"},
        {"value": "https://linkedin.com/in/a", "type": "linkedin"},
        {"value": "?", "type": "phone"},
    ]
    made, _ = job("salesforge", CONFIG, tmp_path, account(dnc=rows))
    salesforge.read(made)
    found = [(row["type"], row["email_key"], row["domain_key"]) for row in spooled(made, "dnc")]
    assert found == [("email", "a@x.com", None), ("domain", None, "x.com"), ("linkedin", None, None)]
    assert made.spool.tallies["dnc"].quarantined == 1
