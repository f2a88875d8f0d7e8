from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main
from ingestion.jobs import AccountUsage, LoadReport
from ingestion.usage import Usage
from pipeline.ledger import Ledger
from pipeline.state import open_state
from warehouse import Warehouse


@pytest.mark.parametrize("engine", ["duckdb"])
def test_a_runs_requests_are_shown_by_account_and_by_endpoint(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "winnow.yml").write_text("agency: {name: Test}\n")
    engine = open_state(warehouse, tmp_path / ".winnow")
    ledger = Ledger(engine, "4f2a-1")
    ledger.start(warehouse.target, "load", datetime(2026, 3, 2, 2, tzinfo=UTC))
    usage = Usage()
    usage.count("GET /campaigns/{id}/leads", requests=1_200, throttled=20, retries=21, waited_seconds=9.24)
    usage.count("GET /campaigns/", requests=1, failed=1, bytes_received=2_048)
    ledger.loaded("smartlead", LoadReport(usage=(AccountUsage("smartlead", "main", usage),)))
    engine.dispose()
    show = ["runs", "show", "4f2a", "--config", str(tmp_path / "winnow.yml")]
    whole = CliRunner().invoke(main, show).output
    assert (
        "smartlead main: 1,201 requests, 21 of them again, 20 refused for their rate, 2,048 bytes,"
        " 9.2 s waited" in whole
    )
    lines = CliRunner().invoke(main, [*show, "--requests"]).output.splitlines()
    assert lines[0].split()[:6] == ["source", "account", "endpoint", "calls", "again", "429"]
    found = [line.split() for line in lines if "{id}" in line]
    assert [cell for line in found for cell in line if cell.strip("─-")][:5] == [
        "smartlead",
        "main",
        "GET",
        "/campaigns/{id}/leads",
        "1200",
    ]
