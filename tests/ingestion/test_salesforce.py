from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ingestion import salesforce
from ingestion.errors import TerminalError, TransientError
from ingestion.jobs import Job
from ingestion.salesforce_records import OBJECTS
from ingestion.values import Json
from tests.ingestion.conftest import NIGHT, Loader, agency, rows, served
from tests.ingestion.fakes import FakeClient, Responder, job, spooled
from warehouse import Warehouse

if TYPE_CHECKING:
    from sandbox import Agency

URL = "https://acme.my.salesforce.com"
ACCOUNT = {"name": "acme", "api_key_env": "KEY", "client": "acme", "base_url": URL, "currency": "EUR"}
CONFIG = agency(salesforce=[ACCOUNT])
DUCKDB = pytest.mark.parametrize("engine", ["duckdb"])
ADDED = "2026-01-01T00:00:00.000+0000"
EVENT = OBJECTS[-1]
WON = {"Id": "1", "MasterLabel": "Signed", "IsClosed": True, "IsWon": True}


def org(fields: str = "Id CreatedDate SystemModstamp IsDeleted", **found: list[Json]) -> Responder:
    """Return answers of an organization whose objects have `fields`: `Event=[record, …]`, others empty."""

    def answer(method: str, path: str, params: Mapping[str, Any]) -> Json:
        if path.endswith("/describe"):
            return {"fields": [{"name": name, "type": "string"} for name in fields.split()]}
        if path.endswith("/jobs/query"):
            return {"id": params["query"].partition(" FROM ")[2].split()[0]}
        if path.endswith("/results"):
            import csv
            import io

            records = [row for row in found.get(path.split("/")[-2], []) if isinstance(row, dict)]
            text = io.StringIO()
            writer = csv.DictWriter(text, fields.split(), restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(records)
            return text.getvalue(), {"sforce-locator": "null", "sforce-numberofrecords": str(len(records))}
        if "/jobs/query/" in path:
            return {"state": "JobComplete"}
        name = params["q"].partition(" FROM ")[2].split()[0]
        records = found.get(name, [])
        if "COUNT()" in params["q"]:
            return {"totalSize": len(records), "done": True, "records": []}
        return {"totalSize": len(records), "done": True, "records": records}

    return answer


def read(folder: Path, answer: Responder, **options: Any) -> tuple[Job, FakeClient, dict[str, Any]]:
    """Read an organization."""
    if cursor := options.get("cursor"):
        options["cursor"] = {"swept_at": NIGHT.isoformat(), **cursor}
    made, client = job("salesforce", CONFIG, folder, answer, **options)
    return made, client, salesforce.read(made)


def queries(client: FakeClient, name: str) -> list[str]:
    """Return what was asked of an object, without the numbers of records."""
    found = [str(body.get("q") or body.get("query") or "") for _, body in client.asked]
    return [soql for soql in found if f"FROM {name}" in soql and "COUNT()" not in soql]


def record(**more: Json) -> dict[str, Json]:
    """Return a record with what all have."""
    return {"attributes": {"type": "X"}, "Id": "1", "CreatedDate": ADDED, "SystemModstamp": ADDED} | more


def test_only_fields_that_are_there_are_asked_for(tmp_path: Path) -> None:
    fields = "Id CreatedDate SystemModstamp IsDeleted Email Linked_In_URL__c Unrelated__c"
    _, client, _ = read(tmp_path, org(fields, Contact=[record()]))
    (soql,) = queries(client, "Contact")
    assert soql == (
        "SELECT Id, Email, CreatedDate, SystemModstamp, IsDeleted, Linked_In_URL__c FROM Contact"
        " ORDER BY SystemModstamp, Id"
    )


def test_the_first_load_is_a_bulk_job_and_a_night_a_query(tmp_path: Path) -> None:
    made, client, after = read(tmp_path, org(Contact=[record()]))
    assert [path for path, _ in client.asked if "jobs" in path] == [
        "/services/data/v60.0/jobs/query",
        "/services/data/v60.0/jobs/query/Contact",
        "/services/data/v60.0/jobs/query/Contact/results",
    ]
    assert made.spool.tallies["contacts"].reported == 1
    again, client, _ = read(tmp_path / "night", org(Contact=[record()]), cursor=after)
    assert [path for path, _ in client.asked if "jobs" in path] == []
    assert queries(client, "Contact") == [
        "SELECT Id, CreatedDate, SystemModstamp, IsDeleted FROM Contact"
        " WHERE SystemModstamp >= 2025-12-31T23:00:00.000Z ORDER BY SystemModstamp, Id"
    ]
    first, second = spooled(made, "contacts"), spooled(again, "contacts")
    assert [row["row_hash"] for row in first] == [row["row_hash"] for row in second], "CSV lands as JSON does"


def test_an_own_field_lands_alike_whichever_way_it_came(tmp_path: Path) -> None:
    plain = {"Id": "1", "CreatedDate": ADDED}
    both = [{**plain, "attributes": {}, "Score__c": 2.5, "Is_X__c": True, "Y__c": None}]
    both += [{**plain, "Score__c": "2.5", "Is_X__c": "true", "Y__c": ""}]
    hashes = set()
    for number, one in enumerate(both):
        made, _ = job("salesforce", CONFIG, tmp_path / str(number), org())
        made.spool.add("events", [one])
        hashes |= {row["row_hash"] for row in spooled(made, "events")}
    assert len(hashes) == 1


def test_much_is_read_in_bulk_whatever_the_cursor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salesforce, "BULK_FROM", 2)
    cursor = {"Contact": "2026-01-01T00:00:00.000Z"}
    _, client, _ = read(tmp_path, org(Contact=[record(Id=str(n)) for n in range(3)]), cursor=cursor)
    assert [path for path, _ in client.asked if path.endswith("Contact/results")] != []


@pytest.mark.parametrize(
    ("states", "error"),
    [
        (["UploadComplete", "InProgress", "JobComplete"], ""),
        (["InProgress", "Failed"], "a Bulk job failed: InvalidBatch"),
        (["Aborted"], "was aborted"),
        (["InProgress"], "not done within an hour"),
    ],
)
def test_a_job_is_waited_for(states: list[str], error: str, tmp_path: Path) -> None:
    left = list(states)

    def answer(_method: str, path: str, _params: object) -> Json:
        state = left.pop(0) if len(left) > 1 else left[0]
        return {"state": state, "errorMessage": "InvalidBatch"}

    made, client = job("salesforce", CONFIG, tmp_path, answer)
    if not error:
        salesforce._wait_for(made, "/job")
        assert client.paused == [1.0, 2.0]
        return
    with pytest.raises((TerminalError, TransientError), match=error):
        salesforce._wait_for(made, "/job")
    assert sum(client.paused) < 4000


def bulk(*pages: tuple[str, str, str]) -> Responder:
    """Return a job whose result comes in pages of (text, announced number, locator of the next)."""
    left = list(pages)

    def answer(method: str, path: str, _params: object) -> Json:
        if not path.endswith("/results"):
            return {"id": "750", "state": "JobComplete"}
        text, number, locator = left.pop(0)
        return text, {"sforce-numberofrecords": number, "sforce-locator": locator}

    return answer


def test_every_page_of_a_job_has_its_header_and_the_last_one_says_null(tmp_path: Path) -> None:
    pages = [('"Id","Name"\n"1","a, ""b""\nc"\n', "1", "MTAw"), ('"Id","Name"\n"2",""\n', "1", "null")]
    made, client = job("salesforce", CONFIG, tmp_path, bulk(*pages))
    found = [row for page in salesforce.in_bulk(made, "SELECT") for row in page]
    assert found == [{"Id": "1", "Name": 'a, "b"\nc'}, {"Id": "2", "Name": ""}]
    assert [params["locator"] for path, params in client.asked if "results" in path] == [None, "MTAw"]


@pytest.mark.parametrize(
    ("pages", "error"),
    [
        ([("Id\n1\n", "2", "null")], "2 records were announced, 1 came"),
        ([("Id\n1\n", "1", "A"), ("Id\n2\n", "1", "A")], "goes round in a circle at 'A'"),
    ],
)
def test_a_page_that_is_cut_or_comes_again_is_an_error(
    pages: list[tuple[str, str, str]], error: str, tmp_path: Path
) -> None:
    made, _ = job("salesforce", CONFIG, tmp_path, bulk(*pages))
    with pytest.raises(TransientError, match=error):
        list(salesforce.in_bulk(made, "SELECT"))


def test_an_expired_place_in_a_list_is_worth_another_run(tmp_path: Path) -> None:
    def answer(_method: str, path: str, _params: object) -> Json:
        if path.endswith("-2000"):
            raise TerminalError("salesforce account acme: HTTP 400: invalid query locator", status=400)
        return {
            "done": False,
            "nextRecordsUrl": "/services/data/v60.0/query/01g-2000",
            "records": [{"Id": 1}],
        }

    made, _ = job("salesforce", CONFIG, tmp_path, answer)
    with pytest.raises(TransientError, match="invalid query locator; the next run asks anew"):
        list(salesforce.queried(made, "SELECT"))


def test_events_that_ended_are_read_again(tmp_path: Path) -> None:
    fields = "Id CreatedDate SystemModstamp IsDeleted EndDateTime"
    over, to_come = (iso(NIGHT + timedelta(hours=hours)) for hours in (-1, 1))
    events = [record(Id="1", EndDateTime=over), record(Id="2", EndDateTime=to_come)]
    cursor = {"Event": "2026-03-01T02:00:00Z", "ended": "2026-03-01T02:00:00Z"}
    made, client, after = read(tmp_path, org(fields, Event=events), cursor=cursor)
    _, ended = queries(client, "Event")
    assert ended.endswith(
        "WHERE EndDateTime >= 2026-03-01T01:00:00.000Z AND EndDateTime <= 2026-03-02T02:00:00.000Z"
    )
    assert {row["id"]: row["is_over"] for row in spooled(made, "events")} == {"1": True, "2": False}
    assert datetime.fromisoformat(after["ended"]) == NIGHT


def iso(moment: datetime) -> str:
    """Write a moment as the REST API does."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"


def test_what_only_the_organization_knows_lands_with_the_record(tmp_path: Path) -> None:
    fields = "Id CreatedDate SystemModstamp IsDeleted OpportunityId StageName Amount YearStarted"
    made, _, _ = read(
        tmp_path,
        org(
            fields,
            OpportunityStage=[WON],
            OpportunityHistory=[record(OpportunityId="6", StageName="Signed")],
            Opportunity=[record(Amount="12.50")],
            Account=[record(YearStarted="1999"), record(Id="2", YearStarted="19x9")],
        ),
    )
    (history,) = spooled(made, "opportunity_history")
    assert (history["is_closed_stage"], history["is_won_stage"]) == (True, True)
    (deal,) = spooled(made, "opportunities")
    assert (deal["amount"], deal["currency"]) == (12.5, "EUR")
    assert {row["id"]: row["founded_year"] for row in spooled(made, "accounts")} == {"1": 1999, "2": None}


def test_a_poison_record_is_quarantined_and_the_others_land(tmp_path: Path) -> None:
    fields = "Id CreatedDate SystemModstamp IsDeleted StageName Amount"
    poison = [record(), record(Id="2", Amount=[1]), None, "x", {"Id": "3"}, record(Id="4", New__x="kept")]
    made, _, _ = read(tmp_path, org(fields, Opportunity=poison), cursor={"Opportunity": ADDED})
    assert [row["id"] for row in spooled(made, "opportunities")] == ["1", "4"]
    assert len(spooled(made, "quarantine")) == 4


def test_without_a_domain_nothing_is_asked() -> None:
    account = agency(salesforce=[{"name": "acme", "api_key_env": "KEY"}]).sources.salesforce.accounts[0]
    with pytest.raises(TerminalError, match="acme: set base_url to your domain"):
        salesforce.client_for(account, "key")


@pytest.fixture(scope="module")
def small() -> Agency:
    """A small agency whose clients keep their CRM at Salesforce."""
    from sandbox import Params, simulate

    crms = (("brightpath", "salesforce"), ("nordwind", "salesforce"))
    return simulate(Params(leads=80, days=30, clients=2, crms=crms))


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages, and no waiting."""
    monkeypatch.setattr(salesforce, "BULK_PAGE", 3)
    monkeypatch.setattr(salesforce, "POLLS", (0.0,) * 5)
    monkeypatch.setattr("sandbox.salesforce.PAGE", 3)
    monkeypatch.setattr("ingestion.http._wait", lambda _: 0.0)


@DUCKDB
@pytest.mark.usefixtures("_quick")
def test_an_apps_id_and_secret_are_exchanged_for_a_token(
    warehouse: Warehouse, load: Loader, small: Agency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sandbox.keys import salesforce_key
    from sandbox.salesforce import APP_SECRET

    with served(small, tmp_path) as (server, config):
        first, second = config.sources.salesforce.accounts
        monkeypatch.setenv(first.api_key_env, f"{salesforce_key(first.name)}:{APP_SECRET}")
        monkeypatch.setenv(second.api_key_env, f"{salesforce_key(second.name)}:wrong")
        (failure,) = load("salesforce", config, run_at=server.as_of).failures
    assert failure.account == second.name
    assert not failure.transient
    assert "wrong" not in failure.error
    assert rows(warehouse, "select distinct account from raw_salesforce.contacts") == [(first.name,)]


@DUCKDB
@pytest.mark.usefixtures("_quick")
def test_a_session_that_expires_is_opened_again_and_a_key_that_is_none_is_not(
    warehouse: Warehouse, load: Loader, small: Agency, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sandbox.keys import salesforce_key
    from sandbox.salesforce import APP_SECRET

    monkeypatch.setattr("sandbox.salesforce.SESSION_REQUESTS", 7)
    with served(small, tmp_path) as (server, config):
        first, second = config.sources.salesforce.accounts
        monkeypatch.setenv(first.api_key_env, f"{salesforce_key(first.name)}:{APP_SECRET}")
        monkeypatch.setenv(second.api_key_env, f"{salesforce_key(second.name)}!expired")
        (failure,) = load("salesforce", config, run_at=server.as_of).failures
        logins = server.requests["salesforce", "", 200]
    assert (failure.account, failure.transient) == (second.name, False)
    assert "Session expired or invalid; check the key" in failure.error
    assert logins > 2
    assert rows(warehouse, "select distinct account from raw_salesforce.events") == [(first.name,)]


@DUCKDB
def test_an_empty_organization_is_no_failure(
    warehouse: Warehouse, load: Loader, small: Agency, tmp_path: Path
) -> None:
    with served(small, tmp_path, as_of=small.params.start - timedelta(days=900)) as (server, config):
        report = load("salesforce", config, run_at=server.as_of)
    assert report.failures == ()
    assert rows(warehouse, "select count(*) from raw_salesforce.opportunities") == [(0,)]
