"""`winnow pool populate`, `winnow list build` and `winnow status --request`, against the sandbox."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestion.apollo_buying import JOB_POSTINGS
from ingestion.apollo_phones import RESULTS
from pipeline.decisions import PaidAnswerStore
from pipeline.state import open_state
from sandbox.config import config_yaml
from sandbox.demo import SPEED
from sandbox.params import Params
from sandbox.server import Server
from sandbox.simulate import simulate
from tests.conftest import NewProfile
from tests.local_server import QuietHandler, serving
from tests.sandboxed import sandboxed
from tests.winnow import winnow
from warehouse import open_warehouse

PARAMS = Params(leads=40, days=20, clients=1)
AT = PARAMS.night().isoformat()
TARGET = 8


@dataclass
class World:
    """A client whose only source is Apollo."""

    folder: Path
    server: Server
    client: str

    def call(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run a command and return what it says as JSON."""
        done = winnow(self.folder, *arguments, "--client", self.client, "--at", AT, "--json", code=code)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def icp(self, **changes: Any) -> None:
        """Change whom the client wants."""
        path = self.folder / "winnow.yml"
        document = yaml.safe_load(path.read_text())
        document["clients"][0]["icp"] |= changes
        path.write_text(yaml.safe_dump(document))

    def answer_later(self) -> str:
        """Let a phone and an opening come for somebody who was bought; return the query that shows both."""
        warehouse = open_warehouse(self.folder)
        with warehouse.connect(read_only=True) as connection:
            (person, *_) = connection.rows("select id, organization_id from raw_apollo.people order by id")
        phone = {"raw_number": "+1 555-0164", "sanitized_number": "+15550164", "status_cd": "valid_number"}
        result = {"webhook_result": {"people": [{"id": person["id"], "phone_numbers": [phone]}]}}
        openings = {"organization_job_postings": [{"id": "o1", "title": "Buyer"}]}
        engine = open_state(warehouse, self.folder / ".winnow")
        store = PaidAnswerStore(engine)
        store.commit(RESULTS, "agency", [("r1", None, json.dumps(result), Decimal(8))])
        store.commit(
            JOB_POSTINGS, "agency", [(person["organization_id"], None, json.dumps(openings), Decimal(1))]
        )
        engine.dispose()
        return (
            "select phone, phone_status, is_hiring from analytics.lead_pool"
            f" where apollo_id = '{person['id']}'"
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what is published."""
        with open_warehouse(self.folder).published(self.folder / ".winnow") as connection:
            return [tuple(row.values()) for row in connection.rows(sql)]


@pytest.fixture
def world(tmp_path: Path, new_profile: NewProfile) -> Iterator[World]:
    """An empty warehouse beside an Apollo full of people."""
    agency = simulate(PARAMS)
    document = yaml.safe_load(config_yaml(agency, speed=SPEED))
    document |= {"sources": {"apollo": document["sources"]["apollo"]}, "experiments": []}
    document |= {"notify_url_env": "WINNOW_TEST_NOTIFY"}
    folder = new_profile("duckdb", tmp_path)
    (folder / "winnow.yml").write_text(yaml.safe_dump(document))
    with sandboxed(agency, PARAMS.night(), SPEED) as server:
        yield World(folder, server, document["clients"][0]["id"])


def test_people_are_bought_once_and_listed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    industries = yaml.safe_load((world.folder / "winnow.yml").read_text())["clients"][0]["icp"]["industries"]
    world.icp(industries=["basket weaving"], countries=["Atlantis"])
    populate = ("pool", "populate", "--client", world.client, "--at", AT)
    winnow(world.folder, "pause", world.client)
    line = winnow(world.folder, *populate, code=1).stderr
    assert f"client {world.client} is paused until `winnow resume`" in line
    winnow(world.folder, "resume", world.client)
    nobody = winnow(world.folder, *populate, code=1)
    assert f"error: nobody new for client {world.client}: nobody at Apollo fits the icp" in nobody.stderr
    assert world.server.credits.total() == 0
    world.icp(industries=industries, countries=[])

    populated = world.call("pool", "populate", "--target", str(TARGET))
    counts = populated["counts"]
    assert (counts["asked"], counts["new"], counts["known"]) == (TARGET, TARGET, 0)
    assert world.server.credits.total() == TARGET
    assert counts["ready"] + counts["gap"] == TARGET
    assert populated["contacts"] == {
        "target": TARGET,
        "ready": counts["ready"],
        "gap": counts["gap"],
        "percent": 100 * counts["ready"] // TARGET,
    }
    shown = winnow(world.folder, "status", "--request", populated["request_id"][:8]).stdout
    assert f"{populated['contacts']['percent']:3d} %  {counts['ready']}/{TARGET}" in shown

    called = world.answer_later()
    posted: list[dict[str, Any]] = []

    class Hook(QuietHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    companies = TARGET + 2
    with serving(Hook) as url:
        monkeypatch.setenv("WINNOW_TEST_NOTIFY", url)
        arguments = ("--companies", str(companies), "--out-dir", str(world.folder), "--notify")
        made = world.call("list", "build", *arguments)
    assert made["companies"] == {"target": companies, "ready": companies, "gap": 0, "percent": 100}
    assert (made["status"], made["counts"]["rounds"]) == ("filled", 1)
    assert made["counts"]["known"] == TARGET, "people bought before are not bought again"
    assert world.server.credits.total() == TARGET + made["counts"]["new"]
    assert max(world.server.credits.values()) == 1
    assert posted == [made]
    files = [list(csv.DictReader(Path(file).read_text("utf-8").splitlines())) for file in made["files"]]
    assert [Path(file).name for file in made["files"]] == [
        f"{what}_{world.client}_{PARAMS.night():%Y%m%dT%H%M%SZ}.csv" for what in ("companies", "contacts")
    ]
    assert len(files[0]) == len({row["domain"] for row in files[0]}) == companies
    assert Counter(row["company_domain"] for row in files[1]).keys() == {row["domain"] for row in files[0]}
    for row in files[1]:
        assert "@" in row["email"]
        assert int(row["quality_score"]) >= 70
        assert " " in row["full_name"]
    assert len(files[1]) == made["contacts"]["ready"]
    assert "open requests" not in winnow(world.folder, "status").stdout
    assert world.rows(called) == [("+15550164", "verified", True)], "what came later reached the pool"
    told = world.rows(
        "select kind, status, contact_target, contact_ready, contact_gap, new_count"
        " from analytics.pool_requests order by requested_at"
    )
    ready = counts["ready"]
    assert told[2] == ("populate", populated["status"], TARGET, ready, TARGET - ready, TARGET)
    assert (*told[3][:3], told[3][3] + told[3][4]) == ("list", "open", companies, companies)
    assert [row[1] for row in told[:2]] == ["failed", "failed"]
