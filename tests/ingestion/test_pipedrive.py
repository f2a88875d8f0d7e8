from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ingestion import pipedrive
from ingestion.errors import TerminalError, TransientError
from ingestion.jobs import Job
from ingestion.limits import Budget
from ingestion.pipedrive_records import OBJECTS, tokens
from ingestion.values import Json
from tests.ingestion.conftest import NIGHT, Loader, agency, served
from tests.ingestion.fakes import FakeClient, Responder, job, spooled
from warehouse import Warehouse

if TYPE_CHECKING:
    from sandbox import Agency

CONFIG = agency(pipedrive=[{"name": "acme", "api_key_env": "KEY", "client": "acme"}])
DUCKDB = pytest.mark.parametrize("engine", ["duckdb"])
ADDED = "2026-01-01T00:00:00Z"
DEALS = OBJECTS[2]


def company(**lists: list[Json]) -> Responder:
    """Return answers to every list: `deals=[page, page]`, all others empty; cursors join the pages."""

    def answer(_method: str, path: str, params: Mapping[str, Any]) -> Json:
        name = path.removeprefix("/api/v2/").removeprefix("/api/v1/").replace("/", "_")
        name += f"_{params['status']}" if "status" in params else ""
        pages = lists.get(name, [[]])
        number = int(params.get("cursor") or 0)
        following = str(number + 1) if number + 1 < len(pages) else None
        return {"success": True, "data": pages[number], "additional_data": {"next_cursor": following}}

    return answer


def read(
    folder: Path,
    answer: Responder,
    *,
    allowed: int | None = None,
    landed: Mapping[str, list[dict[str, Any]]] | None = None,
    **options: Any,
) -> tuple[Job, FakeClient, dict[str, Any]]:
    """Read a company; landed: part of a query → what it finds."""
    if cursor := options.get("cursor"):
        options["cursor"] = {"swept_at": NIGHT.isoformat(), **cursor}
    made, client = job("pipedrive", CONFIG, folder, answer, **options)
    client.budget = None if allowed is None else Budget(allowed, tokens)
    found = landed or {}

    def query(sql: str, _params: object = ()) -> list[dict[str, Any]]:
        return next((rows for part, rows in found.items() if part in sql), [])

    object.__setattr__(made, "landed", query)
    return made, client, pipedrive.read(made)


def deal(number: int, **more: Json) -> dict[str, Json]:
    """Return a deal that was moved once, an hour after the one before it."""
    at = f"2026-02-01T{number:02}:00:00Z"
    return {"id": number, "add_time": ADDED, "update_time": at, "stage_id": 2, "status": "open"} | more


STAGES = [
    [{"id": 1, "name": "Qualified", "pipeline_id": 7}, {"id": 2, "name": "Proposal Made", "pipeline_id": 7}]
]
NAMES = {"pipelines": [[{"id": 7, "name": "Pipeline"}]], "stages": STAGES}
MOVED = {"field_key": "stage_id", "old_value": "1", "new_value": "2", "time": "2026-02-01 01:00:00"}


def test_every_page_is_read_by_update_time_from_the_cursor_on(tmp_path: Path) -> None:
    answer = company(persons=[[{"id": 1, "add_time": ADDED}], [{"id": 2, "add_time": ADDED}]])
    cursor = {"persons": "2026-03-01T12:00:00.250Z"}
    made, client, after = read(tmp_path, answer, cursor=cursor)
    assert [row["id"] for row in spooled(made, "persons")] == ["1", "2"]
    asked = [params for path, params in client.asked if path == "/api/v2/persons"]
    assert [params["cursor"] for params in asked] == [None, "1"]
    assert {params["updated_since"] for params in asked} == {"2026-03-01T11:00:00Z"}
    assert {(params["sort_by"], params["limit"]) for params in asked} == {("update_time", 500)}
    assert after["persons"] == cursor["persons"], "what was read is older than the cursor"


def test_a_cursor_ends_where_the_run_began(tmp_path: Path) -> None:
    late, early = NIGHT + timedelta(hours=1), NIGHT - timedelta(hours=1)
    people = [
        {"id": n, "add_time": ADDED, "update_time": at.isoformat()} for n, at in enumerate((early, late), 1)
    ]
    _, _, after = read(tmp_path, company(persons=[people]))
    assert datetime.fromisoformat(after["persons"]) == NIGHT
    _, _, after = read(tmp_path, company(persons=[people[:1]]))
    assert datetime.fromisoformat(after["persons"]) == early


@pytest.mark.parametrize(
    ("body", "is_page"),
    [
        ({"success": True, "data": None, "additional_data": {"next_cursor": None}}, True),
        ({"success": False, "data": []}, True),
        ({"success": False, "error": "Scope and URL mismatch"}, False),
        ([], False),
    ],
)
def test_an_empty_page_is_told_from_no_page(body: Json, is_page: bool) -> None:
    if is_page:
        assert pipedrive.listed_rows(body, "x") == []
    else:
        with pytest.raises(TransientError, match="expected a list"):
            pipedrive.listed_rows(body, "x")


def test_a_list_that_goes_round_in_a_circle_is_an_error(tmp_path: Path) -> None:
    circle = {"success": True, "data": [], "additional_data": {"next_cursor": "again"}}
    with pytest.raises(TransientError, match="goes round in a circle at 'again'"):
        read(tmp_path, lambda *_: circle)


def test_persons_show_their_addresses_phone_and_profile(tmp_path: Path) -> None:
    person = {
        "id": 5,
        "add_time": ADDED,
        "emails": [{"value": "home@x.com", "primary": False}, {"value": "Ada@X.com", "primary": True}],
        "phones": [{"value": "1", "label": "home"}, {"value": "2", "primary": True, "label": "mobile"}],
        "custom_fields": {"abc": "https://www.linkedin.com/in/ada", "other": "kept"},
    }
    fields = [[{"field_name": "LinkedIn URL", "field_code": "abc", "is_custom_field": True}]]
    made, _, _ = read(tmp_path, company(persons=[[person]], personFields=fields))
    (row,) = spooled(made, "persons")
    assert (row["email_key"], row["further_email_keys"]) == ("ada@x.com", "home@x.com")
    assert (row["phone"], row["phone_label"], row["linkedin_url_key"]) == ("2", "mobile", "in/ada")
    assert "kept" in row["attributes"]


def test_an_organization_shows_its_industry_by_name(tmp_path: Path) -> None:
    fields = [[{"field_code": "industry", "options": [{"id": 2, "label": "Software"}]}]]
    row = {"id": 1, "add_time": ADDED, "industry": 2, "website": "https://www.acme.com/", "annual_revenue": 5}
    made, _, _ = read(tmp_path, company(organizations=[[row]], organizationFields=fields))
    (found,) = spooled(made, "organizations")
    assert (found["industry"], found["domain_key"], found["revenue"]) == ("Software", "acme.com", 5)


@pytest.mark.parametrize(
    ("activity", "person", "email"),
    [
        ({"person_id": 3}, "3", None),
        (
            {"participants": [{"person_id": 4, "primary": False}, {"person_id": 5, "primary": True}]},
            "5",
            None,
        ),
        ({"attendees": [{"email": "me@us.com", "user_id": 1}, {"email": "ada@x.com"}]}, None, "ada@x.com"),
        ({"attendees": None, "participants": "?"}, None, None),
    ],
)
def test_an_activity_is_with_whoever_it_names(
    activity: dict[str, Json], person: str | None, email: str | None, tmp_path: Path
) -> None:
    row = {"id": 1, "add_time": ADDED, "due_date": "2026-02-01", "due_time": "09:30:00", **activity}
    made, _, _ = read(tmp_path, company(activities=[[row]]))
    refused = spooled(made, "quarantine")
    if refused:
        assert refused[0]["reason"].startswith("participants: expected a list")
        return
    (found,) = spooled(made, "activities")
    assert (found["person_id"], found["guest_email_key"]) == (person, email)
    assert found["starts_at"] == datetime(2026, 2, 1, 9, 30, tzinfo=UTC)


def test_changes_carry_the_names_that_stages_have(tmp_path: Path) -> None:
    answer = company(deals=[[deal(1)]], deals_1_changelog=[[MOVED]], **NAMES)
    made, _, _ = read(tmp_path, answer)
    (row,) = spooled(made, "deal_changes")
    assert (row["deal_id"], row["old_stage_name"], row["new_stage_name"]) == (
        "1",
        "Qualified",
        "Proposal Made",
    )
    assert (row["new_pipeline_id"], row["new_pipeline_name"]) == ("7", "Pipeline")
    (found,) = spooled(made, "deals")
    assert found["stage_name"] == "Proposal Made"


def test_changes_are_read_of_deals_that_moved_alone(tmp_path: Path) -> None:
    untouched = deal(1, update_time=ADDED)
    same, won = deal(2, stage_change_time=ADDED), deal(3, status="won")
    deleted = deal(4, is_deleted=True)
    held = [
        {"id": "2", "stage_id": "2", "status": "open", "stage_changed_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"id": "3", "stage_id": "2", "status": "open", "stage_changed_at": None},
    ]
    lists = {"deals": [[untouched, same, won, deal(5)]], "deals_deleted": [[deleted]]}
    _, client, _ = read(tmp_path, company(**lists), landed={"status, stage_changed_at": held})
    assert [path for path, _ in client.asked if "changelog" in path] == [
        "/api/v1/deals/3/changelog",
        "/api/v1/deals/5/changelog",
    ]


def test_a_deal_that_vanishes_meanwhile_stops_nothing(tmp_path: Path) -> None:
    plain = company(deals=[[deal(1), deal(2)]], deals_2_changelog=[[MOVED]])

    def answer(method: str, path: str, params: Mapping[str, Any]) -> Json:
        if path == "/api/v1/deals/1/changelog":
            raise TerminalError(
                "pipedrive account acme: /api/v1/deals/1/changelog: HTTP 404: Deal not found", status=404
            )
        return plain(method, path, params)

    made, _, _ = read(tmp_path, answer)
    assert [row["deal_id"] for row in spooled(made, "deal_changes")] == ["2"]


def test_what_the_budget_does_not_last_for_follows_on_the_next_nights(tmp_path: Path) -> None:
    deals = [deal(number) for number in (1, 2, 3)]
    made, client, after = read(tmp_path, company(deals=[deals]), allowed=20 + 20 + 19)
    # the fake client spends nothing, so that what is allowed is there for the changes
    assert after["changes_from"] is None
    assert len([path for path, _ in client.asked if "changelog" in path]) == 3
    made, client, after = read(tmp_path / "poor", company(deals=[deals]), allowed=19)
    assert [path for path, _ in client.asked if "changelog" in path] == []
    assert after["changes_from"] == "2026-02-01T01:00:00.000Z"
    assert made.notes == ["pipedrive account acme: 0 deals' changes read; 3 are left"]
    waiting = [{"id": str(n), "updated_at": datetime(2026, 2, 1, n, tzinfo=UTC)} for n in (1, 2)]
    _, client, after = read(
        tmp_path / "next", company(), allowed=100, cursor=after, landed={"updated_at >= ?": waiting}
    )
    assert len([path for path, _ in client.asked if "changelog" in path]) == 2
    assert after["changes_from"] is None


def test_what_an_earlier_load_of_the_day_has_spent_counts(tmp_path: Path) -> None:
    spent = {"tokens": {"day": "2026-03-02", "spent": 90}}
    _, client, after = read(tmp_path, company(), allowed=100, cursor=spent)
    assert client.budget is not None
    assert client.budget.left == 10
    assert after["tokens"] == {"day": "2026-03-02", "spent": 90}
    spent = {"tokens": {"day": "2026-03-01", "spent": 90}}
    _, client, _ = read(tmp_path / "b", company(), allowed=100, cursor=spent)
    assert client.budget is not None
    assert client.budget.left == 100


@pytest.mark.parametrize(
    ("path", "cost"),
    [
        ("/api/v2/deals", 10),
        ("/api/v2/deals/archived", 20),
        ("/api/v2/personFields", 10),
        ("/api/v2/stages", 5),
        ("/api/v1/deals/8/changelog", 20),
        ("/api/v1/recents", 20),
    ],
)
def test_a_request_costs_what_the_provider_says(path: str, cost: int) -> None:
    assert tokens(path) == cost


def test_what_was_deleted_is_noticed_once(tmp_path: Path) -> None:
    entries = [
        {"item": "deal", "id": 1, "data": None},
        {"item": "activity", "id": 2, "data": {"active_flag": False}},
        {"item": "deal", "id": 3, "data": {"deleted": False}},
    ]
    noticed = datetime(2026, 2, 1, tzinfo=UTC)
    made, client, after = read(
        tmp_path,
        company(recents=[entries]),
        cursor={"deletions": "2026-03-01T02:00:00.000Z"},
        landed={"left join raw_pipedrive.deals as held": [{"id": "1", "noticed_at": noticed}]},
    )
    assert [(row["item"], row["id"], row["noticed_at"]) for row in spooled(made, "deletions")] == [
        ("deal", "1", noticed),
        ("activity", "2", NIGHT),
    ]
    (asked,) = [params for path, params in client.asked if path == "/api/v1/recents"]
    assert asked["since_timestamp"] == "2026-03-01 01:00:00"
    assert datetime.fromisoformat(after["deletions"]) == NIGHT


def test_a_poison_record_is_quarantined_and_the_others_land(tmp_path: Path) -> None:
    poison = [deal(1), deal(2, value={"amount": 3}), "no record", None, {"id": 4}, deal(5, new_field="x")]
    made, _, _ = read(tmp_path, company(deals=[poison]))
    assert [row["id"] for row in spooled(made, "deals")] == ["1", "5"]
    assert len(spooled(made, "quarantine")) == 4
    assert "new_field" in spooled(made, "deals")[1]["attributes"]


@pytest.fixture(scope="module")
def small() -> Agency:
    """A small agency whose clients keep their CRM at Pipedrive."""
    from sandbox import Params, simulate

    crms = (("brightpath", "pipedrive"), ("nordwind", "pipedrive"))
    return simulate(Params(leads=80, days=30, clients=2, crms=crms))


@DUCKDB
def test_the_sandboxs_limits_are_never_met(
    warehouse: Warehouse, load: Loader, small: Agency, tmp_path: Path
) -> None:
    with served(small, tmp_path) as (server, config):
        report = load("pipedrive", config, run_at=server.as_of)
        assert {status for _, _, status in server.requests} == {200}
    assert [item.usage.throttled for item in report.usage] == [0, 0]
