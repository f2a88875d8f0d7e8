"""Time ALS over many pairs: `python -m benchmarks.als_score [PAIRS]`, on a DuckDB file in a scratch folder.

Prints seconds for the first scoring, for a second one that changes nothing, and both for a million.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from sandbox.postgres import profile_yaml
from scoring.als import score_all
from tests.scoring.als_world import RUN_AT, build, config
from warehouse import Connection, open_warehouse

LEADS = """
insert into facts.lead_pool (lead_id, email, email_key, email_status, phone, linkedin_url, title, seniority,
    current_role_started_on, company_domain, industry, employee_count, company_country, is_hiring,
    latest_funding_on, is_bounced, is_unsubscribed)
select cast(md5(cast(i as text)) as uuid), 'a' || i || '@b.com', 'a' || i || '@b.com',
    case i % 4 when 0 then 'verified' when 1 then 'guessed' when 2 then 'catch_all' end,
    case when i % 3 = 0 then '1' end, 'in/x' || i,
    case i % 5 when 0 then 'CEO' when 1 then 'VP Sales' when 2 then 'Engineer' when 3 then 'Manager' end,
    'vp',
    date '2024-01-01' + cast(i % 900 as integer), 'company' || (i % 50000) || '.com',
    case when i % 2 = 0 then 'Software' else 'Farming' end, cast(i % 1000 as integer),
    case i % 3 when 0 then 'United States' when 1 then 'Austria' else 'Japan' end, i % 7 = 0,
    date '2023-01-01' + cast(i % 1200 as integer), i % 50 = 0, i % 90 = 0
from generate_series(1, {pairs}) as numbers(i)
"""


def fill(connection: Connection, pairs: int) -> None:
    """Write `pairs` leads of one client."""
    build(connection, [])
    connection.execute(LEADS.format(pairs=pairs))
    connection.execute(
        "insert into facts.lead_clients select lead_id, (select client_id from facts.clients)"
        " from facts.lead_pool"
    )


def main(pairs: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        settings = {"path": str(path / "als.duckdb"), "schema": "main"}
        (path / "profiles.yml").write_text(profile_yaml("duckdb", settings))
        with open_warehouse(path).connect() as connection:
            fill(connection, pairs)
            for label, at in (("first", RUN_AT), ("unchanged", RUN_AT + timedelta(minutes=1))):
                started = time.perf_counter()
                counts = score_all(connection, config(), at)
                seconds = time.perf_counter() - started
                print(f"{label}: {counts} in {seconds:.2f} s, {seconds / pairs * 1e6:.2f} s a million")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
