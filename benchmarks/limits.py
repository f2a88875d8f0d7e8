"""How fast a full load is against what its provider's limits allow: `python -m benchmarks.limits [SOURCE …]`.

The sandbox enforces the documented limits and the client keeps the same ones. Pages are so small that there
are hundreds; where a minute holds few requests, both clocks run faster. Prints the requests, the share that
was refused (429), the least seconds that the limits allow, the seconds taken and the ratio; exits 1 where a
load takes more than 1.15 times the least, or where 1 % or more is refused.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from ingestion.jobs import AccountUsage, Job, LoadRequest
from ingestion.limits import Limit
from ingestion.sources import contracts, provider
from ingestion.spool import Spool
from pipeline.accounts import Account, RateLimit
from pipeline.config import Config, load_config
from sandbox import Agency, Params, config_yaml, environment, serve, simulate
from tests.ingestion.conftest import MemoryAnswers

MOST_RATIO, MOST_REFUSED = 1.15, 0.01


@dataclass(frozen=True)
class Case:
    """How a source is measured. speed: of the sandbox's clock and of the client's; sizes: of its pages."""

    speed: float
    sizes: dict[str, int]


CASES = {
    "apollo": Case(5, {"PAGE": 2}),
    "smartlead": Case(8, {"LEADS_PAGE": 8, "STATISTICS_PAGE": 8}),
    "instantly": Case(6, {"PAGE": 8}),
    "salesforge": Case(1, {"PAGE": 12}),
    "hubspot": Case(1, {"SEARCH_PAGE": 4, "LIST_PAGE": 4}),
    "pipedrive": Case(1, {"PAGE": 3}),
}
"""Salesforce has no limit but that of the day."""


def agency_of() -> Agency:
    """Simulate clients with an account at every provider."""
    clients = ("brightpath", "nordwind", "harbour")
    senders = tuple(zip(clients, ("smartlead", "instantly", "salesforge"), strict=True))
    crms = (("nordwind", "pipedrive"), ("harbour", "salesforce"))
    return simulate(Params(leads=900, days=60, clients=3, base_rate=0.5, senders=senders, crms=crms))


def least(limits: Sequence[Limit], usage: AccountUsage) -> float:
    """Return the fewest seconds in which the requests could be made, each limit for itself."""
    calls = {endpoint: found.requests for endpoint, found in usage.usage.endpoints.items()}
    special = {name for name in calls for limit in limits if limit.path and name.endswith(limit.path)}
    seconds = 0.0
    for limit in limits:
        mine = [n for name, n in calls.items() if (name in special) == bool(limit.path)]
        seconds = max(seconds, (sum(mine) - 1) // limit.calls * limit.seconds)
    return seconds


def measure(source: str, case: Case, agency: Agency, folder: Path) -> bool:
    """Load one account and print how fast it was; return whether it was fast enough."""
    module: Any = import_module(f"ingestion.{source}")
    for name, size in case.sizes.items():
        setattr(module, name, size)
    documented: Sequence[Limit] = module.DEFAULT_LIMITS
    limits = [Limit(limit.calls, limit.seconds / case.speed, limit.path) for limit in documented]
    with serve(agency, as_of=agency.params.night(), speed=case.speed) as server:
        os.environ.update(environment(agency, server.url))
        path = folder / "winnow.yml"
        path.write_text(config_yaml(agency, speed=case.speed), encoding="utf-8")
        config = load_config(path)
        given = tuple(RateLimit(calls=one.calls, seconds=one.seconds, path=one.path) for one in limits)
        account = config.sources.accounts(source)[0].model_copy(update={"rate_limits": given})
        usage, seconds = read(source, account, config, folder)
    fewest, calls = least(limits, usage), usage.usage
    ratio, refused = seconds / fewest, calls.throttled / calls.requests
    print(
        f"{source}: {calls.requests} requests, {calls.throttled} refused ({refused:.1%}),"
        f" least {fewest:.2f} s, taken {seconds:.2f} s, ratio {ratio:.3f} (clock × {case.speed:g})",
        flush=True,
    )
    return ratio <= MOST_RATIO and refused < MOST_REFUSED


def read(source: str, account: Account, config: Config, folder: Path) -> tuple[AccountUsage, float]:
    """Read an account into a spool; return what it cost and how many seconds it took."""
    now = datetime.now(UTC)
    known = provider(source)
    key = os.environ[account.api_key_env]
    with known.connect(account, key) as client:
        job = Job(
            source=source,
            account=account,
            config=config,
            request=LoadRequest(run_at=now, state_dir=folder),
            spool=Spool(folder / "spool", contracts(source), account.name, now),
            cursor={},
            answers=MemoryAnswers(),
            client=client,
            landed=lambda _sql, _params: [],
        )
        started = time.perf_counter()
        known.read(job)
        return AccountUsage(source, account.name, client.usage), time.perf_counter() - started


def main(names: Sequence[str]) -> int:
    """Measure the sources named, or all; return 1 where one is too slow."""
    agency = agency_of()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        results = [measure(name, CASES[name], agency, folder) for name in names or CASES]
    return int(not all(results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
