"""Populating a client's pool: an order to Apollo, loaded and built as a run of its own, kept as a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ingestion.orders import PoolOrder
from pipeline import pool_requests
from pipeline.context import Context, Options, Progress, silent
from pipeline.errors import RunError, UsageError
from pipeline.pool_requests import PoolRequest
from pipeline.pool_sql import ANSWERED, NEEDED, WON_INDUSTRIES, judge, of_people

if TYPE_CHECKING:
    from ingestion.apollo_search import Search
    from pipeline.config import Client, Config
    from pipeline.ledger import OpenStep
    from pipeline.summary import RunSummary
    from warehouse import Connection, Warehouse

SOURCE = "apollo"
MOST = 500
"""People that one call asks for at most."""

COMMAND = "pool populate"


@dataclass(frozen=True)
class Populated:
    """What a call came to: the run, the request as it stands, and the counts of this run's order."""

    summary: RunSummary
    request: PoolRequest
    counts: Mapping[str, int]


@dataclass
class _Order:
    """An order under way, and its request as it stands. is_part: of a list, whose request it is."""

    people: PoolOrder
    request: PoolRequest
    is_part: bool
    counts: Mapping[str, int] = field(default_factory=dict)


def populate(
    config: Config,
    warehouse: Warehouse,
    client: str,
    target: int,
    *,
    at: datetime | None = None,
    progress: Progress = silent,
) -> Populated:
    """Find and buy up to `target` new people for `client`, load and build them; zero is a failure of the run.

    Raises UsageError, ConfigError, and what a run raises.
    """
    client_with_icp(config, client)
    request = PoolRequest(pool_requests.POPULATE, client, warehouse.target, pool_requests.Progress(target, 0))
    return buy_round(config, warehouse, PoolOrder(client, target, ()), request, at=at, progress=progress)


def buy_round(
    config: Config,
    warehouse: Warehouse,
    order: PoolOrder,
    request: PoolRequest,
    *,
    first: Sequence[Search] = (),
    command: str = COMMAND,
    is_part: bool = False,
    at: datetime | None = None,
    progress: Progress = silent,
) -> Populated:
    """Fill `order` in a run under the lock. first: searches before those that the profile gives.

    is_part: of a list; the request is the list's, and nobody new is no failure.
    """
    from pipeline.run import run

    made = _Order(order, request, is_part)

    def load(context: Context) -> None:
        from pipeline.stages import load as loading

        _refuse_paused(context, order.client)
        if not is_part:
            pool_requests.keep(context.state, request)
        client = client_with_icp(config, order.client)
        won = context.ask(partial(won_industries, client=order.client))
        order.searches = (*first, *searches(client, won))
        loading.run(context)

    def build(context: Context) -> None:
        from pipeline.stages import build as building

        if order.bought:
            building.build(context)

    def count(context: Context) -> None:
        from pipeline.steps import perform

        perform(context, "pool", "request", partial(_count, context, made))

    summary = run(
        config,
        warehouse,
        command=command,
        at=at,
        options=Options(sources=(SOURCE,), order=order),
        progress=progress,
        work={"load": load, "build": build, "pool": count},
    )
    if summary.exit_code and made.request.status == pool_requests.OPEN and not is_part:
        made.request = request.now(status=pool_requests.FAILED, reason=summary.failures[0])
        write(config, warehouse, made.request)
    return Populated(summary, made.request, made.counts)


def _refuse_paused(context: Context, client: str) -> None:
    """Raise RunError for a client whom nobody is to be bought for now."""
    from pipeline.pauses import of_load

    pauses = of_load(context.state, context.run_at)
    if client in pauses.clients:
        raise RunError(
            f"client {client} is paused {pauses.clients[client]}; `winnow resume {client}` ends it"
        )
    for account in context.config.sources.accounts(SOURCE):
        if reason := pauses.of_account(SOURCE, account):
            raise RunError(f"{reason}; `winnow resume` ends it")


def write(
    config: Config, warehouse: Warehouse, request: PoolRequest, leads: Mapping[str, bool] | None = None
) -> None:
    """Keep a request outside a run; leads: see pool_requests.keep."""
    from pipeline.state import open_state

    engine = open_state(warehouse, config.state_dir)
    try:
        pool_requests.keep(engine, request, leads)
    finally:
        engine.dispose()


def client_with_icp(config: Config, client: str) -> Client:
    """Return the client. Raises ConfigError for an unknown one, UsageError where nobody can be found."""
    found = config.client(client)
    if found.icp is None:
        raise UsageError(f"client {client} has no icp in winnow.yml; say there whom it wants")
    served = [account.mapped_clients() for account in config.sources.accounts(SOURCE)]
    if served and not any(not clients or client in clients for clients in served):
        raise UsageError(f"no apollo account in winnow.yml is client {client}'s; map one to it, or to nobody")
    return found


def searches(client: Client, won: Sequence[str] = ()) -> tuple[Search, ...]:
    """Return whom to search for, the best first: like the client's won deals, its industries, its profile."""
    from ingestion.apollo_search import TAGS, filters

    assert client.icp is not None
    whole = filters(client.icp)
    base = {name: values for name, values in whole.items() if name != TAGS}
    found: list[Search] = []
    for tags in (won, client.icp.industries):
        if tags:
            found.append({**base, TAGS: [tag.lower() for tag in tags]})
    found.append(whole)
    return tuple(search for number, search in enumerate(found) if search not in found[:number])


def won_industries(connection: Connection, client: str) -> list[str]:
    """Return the industries of the client's won deals, the most frequent first; none before a first build."""
    if not has_pool(connection):
        return []
    return [str(row["industry"]) for row in connection.rows(WON_INDUSTRIES, [client])]


def has_pool(connection: Connection) -> bool:
    """Say whether the facts were ever built."""
    return all(connection.table_exists(table) for table in NEEDED)


def judged(
    connection: Connection, people: str, client: str, run_at: datetime, params: Sequence[Any] = ()
) -> list[dict[str, Any]]:
    """Return what is to be said of people for `client` as of the day of `run_at`.

    people: a query of pool_sql; params: its parameters.
    """
    has_answers = "about" in connection.columns(ANSWERED)
    sql = judge(people, has_answers=has_answers)
    return connection.rows(sql, [client, run_at.date().isoformat(), *params])


def _count(context: Context, made: _Order, step: OpenStep) -> None:
    """Count what the order came to and keep the request. Raises RunError when nobody landed."""
    order = made.people
    keys = [f"apollo:{apollo_id}" for apollo_id in sorted(order.bought)]
    people: list[dict[str, Any]] = []
    if keys:
        bought = of_people(len(keys))
        people = context.ask(
            partial(judged, people=bought, client=order.client, run_at=context.run_at, params=keys)
        )
    step.rows, step.counts = len(people), _counts(order, people)
    made.counts = step.counts
    if made.is_part:
        return
    contacts = pool_requests.Progress(order.target, step.counts["ready"])
    made.request = made.request.now(contacts=contacts, counts=step.counts)
    if not people:
        reason = why_nobody(order)
        made.request = made.request.now(status=pool_requests.FAILED, reason=reason)
        pool_requests.keep(context.state, made.request)
        raise RunError(f"nobody new for client {order.client}: {reason}")
    status = pool_requests.EXHAUSTED if contacts.gap else pool_requests.FILLED
    made.request = made.request.now(status=status)
    pool_requests.keep(context.state, made.request, {row["lead_id"]: bool(row["is_ready"]) for row in people})


def _counts(order: PoolOrder, people: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {
        "asked": order.target,
        "found": len(order.found),
        "new": len(people),
        "known": len(order.known),
        "without_email": len(order.without_email) + sum(bool(row["is_without_email"]) for row in people),
        "suppressed": sum(bool(row["is_suppressed"]) for row in people),
        "ready": sum(bool(row["is_ready"]) for row in people),
        "gap": max(0, order.target - sum(bool(row["is_ready"]) for row in people)),
    }


def why_nobody(order: PoolOrder) -> str:
    """Say why an order brought nobody, and what to do."""
    if not order.found:
        return "nobody at Apollo fits the icp; widen it in winnow.yml"
    if order.bought:
        return f"{len(order.bought)} were bought and none landed; see raw_apollo.quarantine"
    if order.misses:
        return f"Apollo had nothing on the {len(order.misses)} who were asked for; call again later"
    if order.known and len(order.known) + len(order.without_email) == len(order.found):
        return (
            f"all {len(order.found)} found were bought before or have no e-mail address; widen the icp in"
            " winnow.yml"
        )
    if order.crowded:
        return f"the {len(order.crowded)} who are new work at companies with contacts enough; widen the icp"
    if len(order.without_email) == len(order.found):
        return f"none of the {len(order.found)} found has an e-mail address; widen the icp in winnow.yml"
    return "no account may buy; look at enrich_cap in winnow.yml"
