"""List building: populate in rounds until enough validated people are there, publish, write them as CSV."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.orders import PoolOrder
from pipeline import pool_requests
from pipeline.clock import utc_now
from pipeline.context import Progress, silent
from pipeline.errors import RunError, UsageError
from pipeline.pool import MOST, buy_round, client_with_icp, has_pool, judged, why_nobody, write
from pipeline.pool_requests import PoolRequest
from pipeline.pool_sql import NEVER_CONTACTED

if TYPE_CHECKING:
    from ingestion.apollo_search import Search
    from pipeline.config import Config
    from pipeline.summary import RunSummary
    from warehouse import Connection, Warehouse

COMMAND = "list build"
DOMAINS_AT_ONCE = 1_000
NOTIFY_SECONDS = 30.0
LEAST_SHARE = 0.2
"""However few of those bought can be listed, at most five times what is wanted is bought at once."""


@dataclass(frozen=True)
class ListAsk:
    """What a list is asked for. contacts_min, contacts_max: a company. timeout: seconds for all rounds."""

    client: str
    companies: int
    out_dir: Path
    contacts_min: int = 1
    contacts_max: int = 3
    timeout: float = 3600.0
    is_notified: bool = False


@dataclass(frozen=True)
class Selection:
    """Validated people nobody has contacted, by company. lacking: companies with people, but too few."""

    companies: dict[str, list[str]] = field(default_factory=dict)
    lacking: dict[str, int] = field(default_factory=dict)
    company_counts: Counter[str] = field(default_factory=Counter)

    @property
    def leads(self) -> list[str]:
        """Return the lead ids, company by company."""
        return [lead_id for people in self.companies.values() for lead_id in people]


@dataclass(frozen=True)
class ListMade:
    """A list: its request as it stands, the files written, the last run where one failed."""

    request: PoolRequest
    files: tuple[Path, ...] = ()
    failed: RunSummary | None = None


def build_list(
    config: Config,
    warehouse: Warehouse,
    ask: ListAsk,
    *,
    at: datetime | None = None,
    progress: Progress = silent,
    clock: Callable[[], float] = time.monotonic,
) -> ListMade:
    """Buy in rounds what the pool lacks, publish, and write the list; what was found before is used first.

    at: the clock of all its runs, the present when None. clock: what the timeout is measured by.
    Raises UsageError, ConfigError, what a run raises, and RunError when not one company could be listed.
    """
    url = _checked(config, ask)
    builder = _Builder(config, warehouse, ask, at or utc_now(), progress)
    failed = builder.fill(clock() + ask.timeout, clock) or builder.publish()
    if failed:
        builder.note(status=pool_requests.FAILED, reason=failed.failures[0])
        return ListMade(builder.request, failed=failed)
    made = ListMade(builder.request, builder.write_files())
    if url:
        _notify(url, made)
    return made


class _Builder:
    """A list under way; `chosen` is what it would hold now, `request` what is kept of it."""

    def __init__(
        self, config: Config, warehouse: Warehouse, ask: ListAsk, at: datetime, progress: Progress
    ) -> None:
        self._config, self._warehouse, self._ask = config, warehouse, ask
        self._at, self._progress = at, progress
        self.chosen = Selection()
        self.request = PoolRequest(
            pool_requests.LIST,
            ask.client,
            warehouse.target,
            pool_requests.Progress(ask.companies * ask.contacts_min, 0),
            pool_requests.Progress(ask.companies, 0),
        )

    def note(self, **changes: Any) -> None:
        """Keep the request as it stands now."""
        contacts = replace(self.request.contacts, ready=len(self.chosen.leads))
        companies = pool_requests.Progress(self._ask.companies, len(self.chosen.companies))
        self.request = self.request.now(contacts=contacts, companies=companies, **changes)
        leads = dict.fromkeys(self.chosen.leads, True)
        write(self._config, self._warehouse, self.request, leads)

    def fill(self, end: float, clock: Callable[[], float]) -> RunSummary | None:
        """Populate until enough companies are there, nobody new is found or the time is up.

        Return the run that failed, if one did. Raises RunError when not one company could be listed.
        """
        self.chosen = select(self._warehouse, self._ask, self._at)
        self.note()
        while len(self.chosen.companies) < self._ask.companies:
            if clock() >= end:
                self.note(status=pool_requests.TIMED_OUT, reason=f"{self._ask.timeout:g} seconds were up")
                break
            order = self._order()
            done = buy_round(
                self._config,
                self._warehouse,
                order,
                self.request,
                first=self._of_lacking(),
                command=COMMAND,
                is_part=True,
                at=self._at,
                progress=self._progress,
            )
            if done.summary.exit_code:
                return done.summary
            self.chosen = select(self._warehouse, self._ask, self._at)
            self.note(counts=_added(self.request.counts, done.counts))
            if not order.bought:
                self.note(status=pool_requests.EXHAUSTED, reason=why_nobody(order))
                break
        else:
            self.note(status=pool_requests.FILLED)
        if not self.chosen.companies:
            self.note(status=pool_requests.FAILED)
            raise RunError(f"the list for client {self._ask.client} is empty: {self.request.reason}")
        return None

    def _order(self) -> PoolOrder:
        """Return an order for as many people as the companies still lack."""
        gap = self._ask.companies - len(self.chosen.companies)
        few = sorted(self.chosen.lacking.values())[:gap]
        wanted = sum(few) + (gap - len(few)) * self._ask.contacts_min
        return PoolOrder(
            self._ask.client,
            min(MOST, ceil(wanted / self._share_of_use())),
            (),
            per_company=self._ask.contacts_min,
            company_counts=Counter(self.chosen.company_counts),
        )

    def _share_of_use(self) -> float:
        """Return which share of those bought so far could be listed; all of them before the first round."""
        counts = self.request.counts
        return max(LEAST_SHARE, counts["ready"] / counts["new"]) if counts.get("new") else 1.0

    def _of_lacking(self) -> tuple[Search, ...]:
        """Return the search for colleagues of people whose company has too few contacts."""
        from ingestion.apollo_search import DOMAINS, TAGS, filters

        icp = client_with_icp(self._config, self._ask.client).icp
        if not self.chosen.lacking or icp is None:
            return ()
        base = {name: values for name, values in filters(icp).items() if name != TAGS}
        return ({**base, DOMAINS: sorted(self.chosen.lacking)[:DOMAINS_AT_ONCE]},)

    def publish(self) -> RunSummary | None:
        """Score, answer and publish, so that the files show what everybody sees; return a run that failed."""
        from pipeline.run import run
        from pipeline.stages import build, learn, publish, score

        work = {"score": score.run, "answer": build.answer, "learn": learn.run, "publish": publish.run}
        summary = run(
            self._config,
            self._warehouse,
            command=COMMAND,
            at=self._at,
            progress=self._progress,
            work=work,
        )
        return summary if summary.exit_code else None

    def write_files(self) -> tuple[Path, ...]:
        """Write companies and contacts, the best scored first chosen; return the files."""
        from pipeline import export
        from scoring.als_points import load_points

        client, folder = self._ask.client, self._ask.out_dir
        self.chosen = select(self._warehouse, self._ask, self._at)
        self.note()
        stamp = f"{client}_{self._at:%Y%m%dT%H%M%SZ}"
        companies, contacts = folder / f"companies_{stamp}.csv", folder / f"contacts_{stamp}.csv"
        points = load_points(self._config.als).of(client)
        with self._warehouse.published(self._config.state_dir) as reader:
            export.export_companies(reader, client, companies, points=points, only=set(self.chosen.companies))
            export.export_contacts(reader, client, contacts, only=set(self.chosen.leads))
        return companies, contacts


def select(warehouse: Warehouse, ask: ListAsk, at: datetime) -> Selection:
    """Return the companies to list with their people: validated, not suppressed, never contacted.

    The best by score, then by how much is known of them; nothing before a first build.
    """
    if not warehouse.exists():
        return Selection()
    with warehouse.connect(read_only=True) as connection:
        if not has_pool(connection):
            return Selection()
        rows = judged(connection, NEVER_CONTACTED, ask.client, at)
        scores = _scores(connection, ask.client)
    people = [row for row in rows if row["is_ready"] and row["company_id"]]
    people.sort(key=lambda row: -scores.get(row["lead_id"], 0))
    return _selected(people, ask)


def _selected(people: Sequence[Mapping[str, Any]], ask: ListAsk) -> Selection:
    """Choose among people, the best first."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in people:
        found.setdefault(row["company_id"], []).append(row)
    full = {name: rows for name, rows in found.items() if len(rows) >= ask.contacts_min}
    listed = dict(islice(full.items(), ask.companies))
    return Selection(
        companies={
            name: [row["lead_id"] for row in rows[: ask.contacts_max]] for name, rows in listed.items()
        },
        lacking={
            rows[0]["company_domain"]: ask.contacts_min - len(rows)
            for name, rows in found.items()
            if name not in full and rows[0]["company_domain"]
        },
        company_counts=Counter(str(row["company_name"] or "").strip().lower() for row in people),
    )


def _scores(connection: Connection, client: str) -> dict[str, int]:
    if not connection.table_exists("scoring.als_scores"):
        return {}
    rows = connection.rows(
        "select cast(scores.lead_id as text) as lead_id, scores.score from scoring.als_scores as scores"
        " inner join facts.clients as clients on scores.client_id = clients.client_id"
        " where clients.client = ?",
        [client],
    )
    return {row["lead_id"]: int(row["score"] or 0) for row in rows}


def _added(before: Mapping[str, int], round_: Mapping[str, int]) -> dict[str, int]:
    """Return the counts of the rounds before with those of one more; each round finds the same people."""
    total = {name: before.get(name, 0) + round_[name] for name in ("new", "suppressed", "ready")}
    latest = {name: round_[name] for name in ("found", "known", "without_email")}
    return {"rounds": before.get("rounds", 0) + 1} | total | latest


def _checked(config: Config, ask: ListAsk) -> str | None:
    """Raise UsageError for what cannot be done; return the URL to notify, None where nobody is to be."""
    client_with_icp(config, ask.client)
    if ask.contacts_min > ask.contacts_max:
        raise UsageError(f"--contacts-min {ask.contacts_min} is above --contacts-max {ask.contacts_max}")
    if not ask.out_dir.is_dir():
        raise UsageError(f"folder {ask.out_dir} does not exist; create it or name another --out-dir")
    if not ask.is_notified:
        return None
    name = config.notify_url_env
    if not name:
        raise UsageError("--notify needs notify_url_env in winnow.yml: the variable that holds the URL")
    url = os.environ.get(name, "").strip()
    if not url:
        raise UsageError(f"environment variable {name} is not set; export the URL that --notify posts to")
    return url


def _notify(url: str, made: ListMade) -> None:
    """Post what came of the list. Raises RunError where nobody takes it; the URL may be a secret."""
    import httpx

    body = made.request.as_json() | {"files": [str(file) for file in made.files]}
    try:
        answer = httpx.post(url, json=body, timeout=NOTIFY_SECONDS)
        said = f"HTTP {answer.status_code}" if answer.is_error else None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = type(error).__name__
    if said:
        raise RunError(
            f"the list is written, but the notification was not taken ({said}); see notify_url_env"
        )
