"""Every recorded body of the three providers goes through loader and staging, or is refused for a reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pipeline.config import Config
from tests.conftest import ENGINES
from tests.ingestion.conftest import Loader, MemoryAnswers, agency, loader, rows, stage
from tests.local_server import QuietHandler, serving
from warehouse import Warehouse, open_warehouse

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "data" / "payloads"

pytestmark = pytest.mark.skipif(
    not PAYLOADS.is_dir(), reason="needs ../shared/data/payloads beside the clone"
)

LOADED = {
    "apollo/post_mixed_people_api_search__200_result.json",
    "apollo/post_people_bulk_match__200_result.json",
    "apollo/post_people_bulk_match__200_waterfall_enrichment_result.json",
    "apollo/post_people_match__200_result.json",
    "apollo/legacy_post_mixed_people_search__200.json",
    "smartlead/read_campaign.json",
    "smartlead/read_campaign_empty.json",
    "smartlead/sequences.json",
    "smartlead/campaign_leads.json",
    "smartlead/campaign_statistics_ASSEMBLED.json",
    "smartlead/message_history_ASSEMBLED.json",
    "smartlead/lead_by_email.json",
    "smartlead/inbox_replies.json",
    "hubspot/search_contacts_page1.json",
    "hubspot/search_contacts_page2_last.json",
    "hubspot/search_contacts_wide.json",
    "hubspot/batch_read_contacts.json",
    "hubspot/list_contacts.json",
    "hubspot/deals_list.json",
    "hubspot/deal_with_associations.json",
    "hubspot/deals_batch_read_with_history.json",
    "hubspot/pipelines_deals.json",
    "hubspot/assoc_v4_contacts_to_companies_207.json",
}

NO_LOADER = "the loader asks no question that this answers: "
NOT_READ = {
    "apollo/get_emailer_messages": NO_LOADER + "mail sent through Apollo itself",
    "apollo/get_opportunities_search": NO_LOADER + "deals kept in Apollo itself",
    "apollo/post_contacts_search": NO_LOADER + "the CRM inside Apollo",
    "apollo/post_emailer_campaigns": NO_LOADER + "sequences sent through Apollo itself",
    "apollo/post_mixed_companies_search": NO_LOADER + "companies come with the people bought",
    "apollo/post_usage_stats": NO_LOADER + "usage statistics; what was bought is counted in the paid answers",
    "smartlead/campaign_analytics": NO_LOADER + "totals; they are counted from the statistics rows",
    "smartlead/webhook_": "a webhook, which test_webhook_payloads reads",
    "smartlead/write_": "the answer to a write, and nothing writes to Smartlead",
    "smartlead/delete_": "the answer to a deletion, and nothing deletes in Smartlead",
    "hubspot/account_info": NO_LOADER + "settings of the portal",
    "hubspot/batch_create": "the answer to a write, and nothing writes to HubSpot",
    "hubspot/batch_multi_status": NO_LOADER + "marketing campaigns",
    "hubspot/error_conflict_409": "the answer to a write, and nothing writes to HubSpot",
    "hubspot/event_occurrence": NO_LOADER + "events of the marketing edition; deals come as records",
    "hubspot/lists_page1": NO_LOADER + "lists",
    "hubspot/properties_": NO_LOADER + "descriptions of properties; the contract names those it reads",
    "hubspot/search_request": "a request, not an answer",
    "hubspot/webhook_": "a webhook, which test_webhook_payloads reads",
}

ELSEWHERE = ("apollo/get_webhook_result",)
"""Bodies that test_apollo_payloads.py reads."""

ERRORS = {
    "apollo/post_mixed_people_api_search__401": (401, "check the key"),
    "apollo/post_mixed_people_api_search__403": (403, "give the key the scope"),
    "apollo/post_mixed_people_api_search__422": (422, "check the filters"),
    "apollo/post_mixed_people_api_search__429": (429, "600 times per hour"),
    "apollo/post_people_bulk_match__400_add": (400, "missing details"),
    "apollo/post_people_bulk_match__400_more": (400, "cannot enrich more than 10"),
    "apollo/post_people_bulk_match__401": (401, "check the key"),
    "apollo/post_people_bulk_match__422": (422, "no implicit conversion"),
    "apollo/post_people_bulk_match__429": (429, "600 times per hour"),
    "apollo/post_people_match__401": (401, "check the key"),
    "apollo/post_people_match__429": (429, "rate limit"),
    "smartlead/error_401": (401, "API key is required"),
    "smartlead/error_429_docs": (429, "Please retry after 30 seconds"),
    "smartlead/error_unknown_path": (404, "an HTML page; check base_url"),
    "hubspot/error_400_search_beyond_10000": (400, "There was a problem with the request"),
    "hubspot/error_400_validation": (400, "Property values were not valid"),
    "hubspot/error_401": (401, "Authentication credentials not found"),
    "hubspot/error_429_search": (429, "secondly limit"),
    "hubspot/error_429_ten_secondly": (429, "ten_secondly_rolling limit"),
    "hubspot/error_invalid_object_type": (400, "Unable to infer object type"),
    "hubspot/error_missing_scope": (403, "One or more of the following scopes are required"),
}


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text(encoding="utf-8"))


def names() -> list[str]:
    providers = ("apollo", "smartlead", "hubspot")
    files = (path for provider in providers for path in sorted((PAYLOADS / provider).glob("*")))
    return [f"{path.parent.name}/{path.name}" for path in files if not path.name.endswith(".source.txt")]


def _reason(name: str) -> str | None:
    return next((reason for start, reason in NOT_READ.items() if name.startswith(start)), None)


def _error(name: str) -> tuple[int, str] | None:
    return next((error for start, error in ERRORS.items() if name.startswith(start)), None)


@contextmanager
def replay(answers: dict[str, list[Any]], status: int = 200) -> Iterator[str]:
    """Serve JSON by `METHOD path`, in turn, the last body again and again; empty lists elsewhere."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            key = f"{self.command} {urlsplit(self.path).path}"
            left = answers.get(key) or answers.get("*") or [{"results": [], "data": [], "people": []}]
            found = left.pop(0) if len(left) > 1 else left[0]
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as url:
        yield url


def configured(source: str, url: str) -> Config:
    limits = [{"calls": 1000, "seconds": 0.001}]
    account = {"name": "acct", "api_key_env": "REPLAY_KEY", "base_url": url, "client": "acme"}
    return agency(**{source: [account | {"rate_limits": limits}]})


@pytest.fixture(scope="module", autouse=True)
def _key() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPLAY_KEY", "replayed-secret")
        yield


@pytest.fixture(scope="module", params=ENGINES)
def loaded(
    request: pytest.FixtureRequest,
    new_profile: Callable[[str, Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
    _key: None,
) -> Warehouse:
    """A warehouse into which the bodies of all three providers were loaded, then staged."""
    folder = tmp_path_factory.mktemp("payloads")
    warehouse = open_warehouse(new_profile(str(request.param), folder))
    load = loader(warehouse, folder, MemoryAnswers())
    sources = [read(load).sources for read in (_load_apollo, _load_smartlead, _load_hubspot)]
    merged = {
        name: accounts
        for one in sources
        for name, accounts in one.model_dump().items()
        if accounts["accounts"]
    }
    stage(warehouse, folder, agency(**{name: found["accounts"] for name, found in merged.items()}))
    return warehouse


def test_every_payload_is_accounted_for() -> None:
    unknown = [n for n in names() if not (n in LOADED or _error(n) or _reason(n) or n.startswith(ELSEWHERE))]
    assert unknown == []
    assert set(names()) >= LOADED


@pytest.mark.parametrize("engine", ["duckdb"])
@pytest.mark.parametrize("name", [name for name in names() if _error(name)] if PAYLOADS.is_dir() else [])
def test_an_error_body_is_refused_with_what_it_says(
    warehouse: Warehouse, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = loader(warehouse, tmp_path, MemoryAnswers())
    monkeypatch.setattr("ingestion.http.ATTEMPTS", 1)
    found = _error(name)
    assert found is not None
    status, said = found
    source = name.partition("/")[0]
    with replay({"*": [(PAYLOADS / name).read_bytes()]}, status) as url:
        (failure,) = load(source, configured(source, url)).failures
    assert said in failure.error
    assert f"HTTP {status}" in failure.error
    assert failure.transient == (status == 429)
    assert "replayed-secret" not in failure.error


def _load_apollo(load: Loader) -> Config:
    match = payload("apollo/post_people_bulk_match__200_result.json")
    waterfall = payload("apollo/post_people_bulk_match__200_waterfall_enrichment_result.json")
    legacy = payload("apollo/legacy_post_mixed_people_search__200.json")["people"]
    single = payload("apollo/post_people_match__200_result.json")["person"]
    one_by_one = {**match, "matches": [*legacy, *match["matches"], {**single, "id": "of-people-match"}]}
    search = payload("apollo/post_mixed_people_api_search__200_result.json")
    routes = {
        "POST /mixed_people/api_search": [search],
        "POST /people/bulk_match": [waterfall, one_by_one],
    }
    with replay(routes) as url:
        config = configured("apollo", url)
        first = load("apollo", config)
        routes["POST /mixed_people/api_search"] = [
            {"total_entries": 1, "people": [{"id": "x", "has_email": True}]}
        ]
        second = load("apollo", config)
    assert (first.failures, second.failures) == ((), ())
    return config


def test_apollos_answers_go_through_loader_and_staging(loaded: Warehouse) -> None:
    match = payload("apollo/post_people_bulk_match__200_result.json")
    legacy = payload("apollo/legacy_post_mixed_people_search__200.json")["people"]
    search = payload("apollo/post_mixed_people_api_search__200_result.json")
    bought = {person["id"] for person in (*match["matches"], *legacy)} | {"of-people-match"}
    assert {row[0] for row in rows(loaded, "select id from raw_apollo.people")} == bought
    shown = rows(
        loaded,
        "select email, email_status, first_name, company_domain_key, current_role_started_on"
        f" from staging.stg_apollo__people where id = '{match['matches'][0]['id']}'",
    )
    person = match["matches"][0]
    assert [tuple(map(str, row)) for row in shown] == [
        (person["email"], "verified", person["first_name"], "apollo.io", "2016-01-01")
    ]
    locked = f"select email, email_status from staging.stg_apollo__people where id = '{legacy[0]['id']}'"
    assert rows(loaded, locked) == [(None, None)]
    assert rows(loaded, "select count(*) from staging.stg_apollo__people where last_name is null") == [
        (len(search["people"]) + 1,)
    ]
    employees = (
        "select employee_count, website from staging.stg_apollo__companies where employee_count is not null"
    )
    assert (1600, "http://www.apollo.io") in rows(loaded, employees)


def _load_smartlead(load: Loader) -> Config:
    campaigns = payload("smartlead/read_campaign.json")
    campaign, lead = campaigns[0]["id"], payload("smartlead/lead_by_email.json")
    sequences = payload("smartlead/sequences.json")
    leads = payload("smartlead/campaign_leads.json")
    silent = leads["data"][0]["lead"]["id"]
    routes = {f"GET /campaigns/{item['id']}/sequences": [[]] for item in campaigns} | {
        "GET /email-accounts/": [[]],
        "POST /master-inbox/inbox-replies": [payload("smartlead/inbox_replies.json")],
        "GET /campaigns/": [campaigns],
        f"GET /campaigns/{campaign}/sequences": [sequences],
        f"GET /campaigns/{campaign}/leads": [leads, {"data": []}],
        f"GET /campaigns/{campaign}/statistics": [
            payload("smartlead/campaign_statistics_ASSEMBLED.json"),
            {"data": []},
        ],
        "GET /leads/": [lead],
        f"GET /campaigns/{campaign}/leads/{lead['id']}/message-history": [
            payload("smartlead/message_history_ASSEMBLED.json")
        ],
        f"GET /campaigns/{campaign}/leads/{silent}/message-history": [{}],
    }
    with replay(routes) as url:
        config = configured("smartlead", url)
        assert load("smartlead", config).failures == ()
        routes["GET /campaigns/"] = [payload("smartlead/read_campaign_empty.json")]
        assert load("smartlead", config).failures == ()
    return config


def test_smartleads_answers_go_through_loader_and_staging(loaded: Warehouse) -> None:
    assert rows(loaded, "select count(*) from raw_smartlead.quarantine") == [(0,)]
    messages = (
        "select lead_key, step_number, client, mailbox from staging.stg_smartlead__messages"
        " order by step_number"
    )
    assert rows(loaded, messages) == [
        ("email:jane@example.com", 1, "acme", "sender@example.com"),
        ("email:john@example.com", 2, "acme", None),
    ]
    events = (
        "select event_type, event_count, bounce_type from staging.stg_smartlead__message_events order by id"
    )
    assert sorted(rows(loaded, events)) == [
        ("bounced", 1, "unknown"),
        ("opened", 2, None),
        ("replied", 1, None),
        ("sent", 1, None),
        ("sent", 1, None),
    ]
    reply = "select lead_key, body, from_email from staging.stg_smartlead__replies order by lead_key"
    thanks = "<div>Hi,</div><div>Thank you for reaching out.</div>"
    assert rows(loaded, reply) == [
        ("email:jane@example.com", "<div>Hi,</div>", "lead@example.com"),
        ("email:lead@example.com", thanks, "lead@example.com"),
    ]
    inbox = "select campaign_id, lead_key, lead_status from raw_smartlead.inbox_replies"
    assert rows(loaded, inbox) == [("1456277", "email:lead@example.com", "COMPLETED")]
    variants = "select variant, subject from staging.stg_smartlead__templates order by variant"
    assert rows(loaded, variants) == [("A", "Subject"), ("B", "Ema a")]
    person = "select title, phone, linkedin_url_key, company_domain_key from staging.stg_smartlead__people"
    assert rows(loaded, person) == [("CEO", "+1234567890", "in/johndoe", "acme.com")]


def _load_hubspot(load: Loader) -> Config:
    objects = "/crm/v3/objects"
    last = {"results": []}
    search = [
        payload("hubspot/search_contacts_page1.json"),
        payload("hubspot/search_contacts_page2_last.json"),
    ]
    archived = payload("hubspot/list_contacts.json")
    routes = {
        "GET /crm/v3/pipelines/deals": [payload("hubspot/pipelines_deals.json")],
        f"POST {objects}/contacts/search": search,
        f"GET {objects}/contacts": [archived, last],
        "POST /crm/v4/associations/contacts/companies/batch/read": [
            payload("hubspot/assoc_v4_contacts_to_companies_207.json")
        ],
        f"POST {objects}/deals/search": [{"results": [payload("hubspot/deal_with_associations.json")]}, last],
        f"GET {objects}/deals": [payload("hubspot/deals_list.json"), last],
        f"POST {objects}/deals/batch/read": [payload("hubspot/deals_batch_read_with_history.json")],
    }
    with replay(routes) as url:
        config = configured("hubspot", url)
        assert load("hubspot", config).failures == ()
        routes[f"POST {objects}/contacts/search"] = [
            payload("hubspot/search_contacts_wide.json"),
        ]
        assert load("hubspot", config).failures == ()
        routes[f"POST {objects}/contacts/search"] = [payload("hubspot/batch_read_contacts.json")]
        assert load("hubspot", config).failures == ()
    return config


def test_hubspots_answers_go_through_loader_and_staging(loaded: Warehouse) -> None:
    assert rows(loaded, "select count(*) from raw_hubspot.quarantine") == [(0,)]
    contacts = {row[0] for row in rows(loaded, "select id from staging.stg_hubspot__people")}
    assert contacts == {
        "501",
        "103107104018",
        "220006890315",
        "110338039632",
        "110323586992",
        "1",
        "51",
        "101",
    }
    company = "select company_id, email_key, client from staging.stg_hubspot__people where id = '501'"
    assert rows(loaded, company) == [("29022297485", "johnnie77@hotmail.com", "acme")]
    deal = "select name, value, provider_stage, closed_at from staging.stg_hubspot__deals"
    assert [(row[0], int(row[1]), *row[2:]) for row in rows(loaded, deal)] == [
        ("New Enterprise Deal", 50000, "presentationscheduled", None)
    ]
    history = (
        "select deal_id, provider_stage from staging.stg_hubspot__deal_stages order by deal_id, entered_at"
    )
    assert rows(loaded, history) == [
        ("12345678901", "appointmentscheduled"),
        ("12345678901", "qualifiedtobuy"),
        ("12345678901", "presentationscheduled"),
        ("12345678902", "appointmentscheduled"),
        ("12345678902", "qualifiedtobuy"),
    ]
    stages = len(payload("hubspot/pipelines_deals.json")["results"][0]["stages"])
    assert rows(loaded, "select count(*) from raw_hubspot.pipeline_stages") == [(stages,)]
