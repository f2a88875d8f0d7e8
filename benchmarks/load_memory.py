"""Peak memory of a load of 100,000 rows and of a million: `python -m benchmarks.load_memory [ENGINE]`.

Each size is read into the spool, as Smartlead's statistics rows of about a kilobyte, handed to dlt and landed
by a process of its own. Prints the peak after each part, in MiB, and the ratio of the sizes. The claim is
about what Winnow and dlt hold: on PostgreSQL up to the end, on DuckDB up to the engine's own part, which runs
in the same process and takes what it is allowed (`memory_limit`; 80 % of the machine by default).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ingestion.landing import Landing
from ingestion.load import ensure_tables
from ingestion.sources import contracts
from ingestion.spool import Spool
from sandbox.postgres import create_database, postgres_server, profile_yaml
from warehouse import open_warehouse

SIZES = (100_000, 1_000_000)
PAGE = 1_000
SOURCE, TABLE = "smartlead", "statistics"
NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
MOST = 1.2
"""The ratio of the peaks that a tenfold load may have."""


def rows(count: int) -> Iterator[list[dict[str, Any]]]:
    """Yield `count` statistics rows in pages."""
    body = "Hello, I saw that your team is growing and wondered how you go about it. " * 12
    for start in range(0, count, PAGE):
        yield [
            {
                "stats_id": f"{number:08x}-40fb-4b4e-b15c-d13206a0abc4",
                "lead_email": f"person{number}@company{number % 5_000}.example",
                "email_subject": f"A question about {number}",
                "email_message": f"{number} {body}",
                "sequence_number": number % 4,
                "sent_time": (NOW - timedelta(seconds=number)).isoformat(),
                "open_count": number % 7,
                "is_bounced": False,
            }
            for number in range(start, start + PAGE)
        ]


def peak() -> float:
    """Return the most memory that this process has held so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(folder: Path, count: int) -> None:
    """Load and print the peaks."""
    from dlt.pipeline.pipeline import Pipeline

    found = {"start": peak()}
    load = Pipeline.load

    def noted(pipeline: Pipeline, *arguments: Any, **options: Any) -> Any:
        found["handed over"] = peak()
        return load(pipeline, *arguments, **options)

    setattr(Pipeline, "load", noted)  # noqa: B010 - in this process only
    warehouse = open_warehouse(folder)
    ensure_tables(warehouse, (SOURCE,))
    started = time.perf_counter()
    spool = Spool(folder / "spool", contracts(SOURCE), "main", NOW)
    for page in rows(count):
        spool.add(TABLE, page, {"$campaign_id": "1"})
    spool.close()
    found["spooled"] = peak()
    Landing(SOURCE, warehouse, folder / "state").land(spool, {})
    found |= {"landed": peak(), "seconds": time.perf_counter() - started}
    print(json.dumps(found))


def measured(engine: str, count: int, url: str | None) -> dict[str, float]:
    """Return what a process of its own says of a load of `count` rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings: dict[str, Any] = {"path": str(folder / "w.duckdb"), "schema": "main"}
        if url is not None:
            settings = {"schema": "public", **create_database(url, f"memory_{count}")}
        (folder / "profiles.yml").write_text(profile_yaml(engine, settings))
        command = [sys.executable, "-m", "benchmarks.load_memory", "child", name, str(count)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


def main(engine: str) -> int:
    """Measure and print; return 1 where the ratio is above what is claimed."""
    with ExitStack() as stack:
        url = None
        if engine == "postgres":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            url = stack.enter_context(postgres_server(Path(folder), is_kept=False))
        small, large = (measured(engine, count, url) for count in SIZES)
    for name in ("start", "spooled", "handed over", "landed", "seconds"):
        unit, ratio = "s" if name == "seconds" else "MiB", large[name] / small[name]
        sizes = f"{small[name]:,.0f} {unit}, tenfold {large[name]:,.0f} {unit}"
        print(f"{engine} {name}: {sizes}, ratio {ratio:.2f}")
    claimed = "landed" if engine == "postgres" else "handed over"
    return int(large[claimed] > MOST * small[claimed])


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "duckdb"))
