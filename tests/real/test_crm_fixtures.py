"""Every further recorded answer of the CRMs lands, is refused with what it says, or answers no loader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingestion.errors import LoadError
from ingestion.hubspot_records import contact_of, primary
from ingestion.sources import contracts, provider
from ingestion.spool import Spool
from tests.ingestion.conftest import NIGHT
from tests.real.test_payloads import PAYLOADS, configured, replay

FIXTURES = PAYLOADS.parent / "provider_fixtures"

pytestmark = pytest.mark.skipif(
    not FIXTURES.is_dir(), reason="needs ../shared/data/provider_fixtures beside the clone"
)

LANDS = {
    "hubspot/test/read/objects-api/contacts-batch.json": "contacts",
    "hubspot/test/read/objects-api/contacts-response.json": "contacts",
    "hubspot/test/read-via-search/contacts-response.json": "contacts",
    "hubspot/test/search/contacts/1-first-page.json": "contacts",
    "hubspot/test/search/contacts/2-second-page.json": "contacts",
    "hubspot/test/metadata-deals-external-pipelines.json": "pipelines",
    "salesforce/test/read-list-contacts.json": "contacts",
    "salesforce/test/read-list-leads.json": "leads",
    "salesforce/test/read-opportunity-with-account.json": "opportunities",
    "salesforce/test/read-opportunity-with-contacts.json": "opportunities",
    "pipedrive/test/deals.json": "deals",
}
CUT_DOWN = {"id: is missing", "created_at: is missing"}
"""Why records of bodies that somebody has cut down are refused: the loader asks for these two of each."""

SAYS = {
    "hubspot/test/metadata-err-schemas-scope.json": (403, "One or more of the following scopes"),
    "hubspot/test/search/error-invalid-object.json": (400, "Unable to infer object type from: butterflies"),
    "pipedrive/test/not-found.json": (403, "Scope and URL mismatch; give the key the scope"),
    "salesforce/test/unknown-field.json": (400, "No such column 'AccountNumer'"),
    "salesforce/test/unknown-object.json": (400, "sObject type 'Accout' is not supported"),
}
ASSOCIATIONS = "hubspot/test/search/contacts/contacts-to-companies.json"
EMPTY = "pipedrive/test/zero-records.json"

WRITE = "a write or its answer, and nothing is written to a CRM"
NOT_ASKED = "the loader does not ask for it: "
NOT_READ = {
    "hubspot/internal/associations/test/contacts-schema": NOT_ASKED + "schemas",
    "hubspot/internal/associations/": NOT_ASKED + "associations in the shape of another version",
    "hubspot/test/batch/read/campaigns": NOT_ASKED + "marketing campaigns",
    "hubspot/test/batch/": WRITE,
    "hubspot/test/custom/": WRITE,
    "hubspot/test/metadata-contacts-external-pipelines": NOT_ASKED + "life cycles of contacts",
    "hubspot/test/metadata-": NOT_ASKED + "descriptions of properties",
    "hubspot/test/post-auth/": NOT_ASKED + "settings of the portal",
    "hubspot/test/read-lists": NOT_ASKED + "lists",
    "hubspot/test/read-via-search/campaigns": NOT_ASKED + "marketing campaigns",
    "hubspot/test/read-via-search/contacts-payload": "a request, not an answer",
    "hubspot/test/read/campaigns": NOT_ASKED + "marketing campaigns",
    "hubspot/test/read/events": NOT_ASKED + "events of the marketing edition",
    "hubspot/test/read/marketing": NOT_ASKED + "marketing e-mails, events and forms",
    "hubspot/test/read/meeting-links": NOT_ASKED + "pages where meetings can be booked",
    "hubspot/test/read/objects-api/contacts-req": "a request, not an answer",
    "pipedrive/test/activities.json": "an answer of version 1, which is out of support for activities",
    "pipedrive/test/activityFields": "an answer of version 1, which is out of support for fields",
    "pipedrive/test/create-activity": WRITE,
    "pipedrive/test/update-activity": WRITE,
    "pipedrive/test/currencies": NOT_ASKED + "currencies; a deal names its own",
    "pipedrive/test/deal-products": NOT_ASKED + "products",
    "pipedrive/test/dealsFields": NOT_ASKED + "fields of deals",
    "pipedrive/test/leads": NOT_ASKED + "leads, which are no deals yet",
    "salesforce/internal/": WRITE,
    "salesforce/test/batch/": WRITE,
    "salesforce/test/bulk/read-launch-job": "a job of another version; that of a query is among the payloads",
    "salesforce/test/bulk/": WRITE,
    "salesforce/test/create-ok": WRITE,
    "salesforce/test/crm/delete": WRITE,
    "salesforce/test/invalid-field-upsert": WRITE,
    "salesforce/test/success-with-errors": WRITE,
    "salesforce/test/metadata/read": NOT_ASKED + "descriptions of many objects at once",
    "salesforce/test/metadata/": WRITE,
    "salesforce/test/pardot": "another product, with an API of its own",
    "salesforce/test/subscription": "a change event, and nothing receives them",
}


def names() -> list[str]:
    """Return the recorded files of the three CRMs."""
    crms = ("hubspot", "pipedrive", "salesforce")
    files = (path for crm in crms for path in sorted((FIXTURES / crm).rglob("*")) if path.is_file())
    return [path.relative_to(FIXTURES).as_posix() for path in files]


def body(name: str) -> Any:
    """Return a recorded body."""
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))


def test_every_recorded_file_is_accounted_for() -> None:
    read = {*LANDS, *SAYS, ASSOCIATIONS, EMPTY}
    others = [name for name in names() if name not in read]
    assert [name for name in others if not any(name.startswith(start) for start in NOT_READ)] == []
    assert set(names()) >= read
    assert [start for start in NOT_READ if not any(name.startswith(start) for name in others)] == []


@pytest.mark.parametrize("name", list(LANDS))
def test_records_land_or_are_refused_for_what_was_cut_away(name: str, tmp_path: Path) -> None:
    source, table = name.partition("/")[0], LANDS[name]
    answer = body(name)
    records = answer.get("results") or answer.get("records") or answer.get("data")
    assert records
    spool = Spool(tmp_path, contracts(source), "acct", NIGHT)
    spool.add(table, records)
    added = {"CreatedDate": "2024-01-01", "add_time": "2024-01-01"}
    spool.add(table, [{"Id": f"cut{number}", **added, **one} for number, one in enumerate(records)])
    spool.close()
    reasons = {row["reason"] for batch in spool.tables("quarantine") for row in batch.to_pylist()}
    landed = sum(batch.num_rows for batch in spool.tables(table))
    assert reasons <= CUT_DOWN
    assert landed == len(records)


@pytest.mark.parametrize("name", list(SAYS))
def test_an_error_is_refused_with_what_it_says(name: str) -> None:
    status, said = SAYS[name]
    source = name.partition("/")[0]
    with replay({"*": [(FIXTURES / name).read_bytes()]}, status) as url:
        (account,) = configured(source, url).sources.accounts(source)
        with provider(source).connect(account, "secret") as client, pytest.raises(LoadError) as error:
            client.get("/anything")
    assert said in str(error.value)


def test_associations_and_nothing_at_all_are_understood() -> None:
    from ingestion.pipedrive import listed_rows

    (row,) = body(ASSOCIATIONS)["results"]
    assert primary([contact_of(link) for link in row["to"]]) == "29022297485"
    assert listed_rows(body(EMPTY), "x") == []
