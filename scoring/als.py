"""ALS, the Agency Lead Score: 0–100 for one lead as seen by one client.

The points come from YAML (`als_points`), the words of the ICP are matched once (`als_words`), and one
set-based statement (`als_sql`) joins both to the facts. A score carries its waterfall: one integer column a
signal and one `rounding_and_cap`, which add up to it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scoring.als_columns import SCORE_COLUMNS, SIGNALS
from scoring.als_points import COMPONENTS, ClientPoints, Points, PointsError, load_points
from scoring.als_sql import score_statement
from scoring.als_words import write_words

if TYPE_CHECKING:
    from pipeline.config import Client, Config
    from warehouse import Connection

POINTS = "scoring.als_points"
SCORES = "scoring.als_scores"
_NEXT = "scoring.als_scores_next"

_UNCHANGING = tuple(name for name in SCORE_COLUMNS if name != "scored_at")


@dataclass(frozen=True)
class ScoreCounts:
    """What a scoring run did, in pairs of lead and client.

    scored: pairs there are. changed: pairs whose row is new or another than before. removed: pairs now gone.
    """

    scored: int
    changed: int
    removed: int


@dataclass(frozen=True)
class Missing:
    """A signal that holds a client's scores down.

    lost: points of the score, floored. fill: source tables, or the key of winnow.yml, that would give them.
    """

    signal: str
    lost: int
    fill: tuple[str, ...]


@dataclass(frozen=True)
class Reach:
    """The highest score that a client's connected sources can give, without boosts, and what is missing."""

    client: str
    highest: int
    tier: str
    missing: tuple[Missing, ...]


def ensure_tables(connection: Connection) -> None:
    """Create scoring.als_points and scoring.als_scores where they are missing or older than this code."""
    columns = _points_columns()
    connection.create_table(POINTS, columns)
    present = connection.columns(POINTS)
    for name in columns:
        if name not in present:  # versions written before the option existed have none of it
            connection.execute(f"alter table {POINTS} add column {name} {columns[name]}")
    if connection.table_exists(SCORES) and list(connection.columns(SCORES)) != list(SCORE_COLUMNS):
        connection.execute(f"drop table {SCORES}")
    connection.create_table(SCORES, SCORE_COLUMNS)


def score_all(connection: Connection, config: Config, run_at: datetime) -> ScoreCounts:
    """Score every pair of facts.lead_clients; rows that come out as they were keep their scored_at.

    Needs scoring.title_groups to hold the pool's titles. Raises PointsError where the file named by `als:` in
    winnow.yml is wrong.
    """
    points = load_points(config.als)
    with connection.transaction():
        ensure_tables(connection)
        _write_points(connection, points)
        write_words(connection)
        connection.execute(f"drop table if exists {_NEXT}")
        connection.create_table(_NEXT, SCORE_COLUMNS)
        connection.execute(score_statement(_NEXT), [run_at.date().isoformat(), run_at.isoformat()])
        counts = _take_over(connection)
        connection.execute(f"drop table {_NEXT}")
    return counts


def _take_over(connection: Connection) -> ScoreCounts:
    """Make als_scores equal als_scores_next, touching only rows that differ."""
    same = " and ".join(f"old.{name} is not distinct from new.{name}" for name in _UNCHANGING[2:])
    pair = "old.lead_id = new.lead_id and old.client_id = new.client_id"
    removed = connection.scalar(
        f"select count(*) from {SCORES} as old left join {_NEXT} as new on {pair} where new.lead_id is null"
    )
    connection.execute(
        f"delete from {SCORES} as old where not exists (select 1 from {_NEXT} as new where {pair} and {same})"
    )
    kept = int(connection.scalar(f"select count(*) from {SCORES}"))
    connection.execute(
        f"insert into {SCORES} select new.* from {_NEXT} as new left join {SCORES} as old on {pair}"
        " where old.lead_id is null"
    )
    scored = int(connection.scalar(f"select count(*) from {SCORES}"))
    return ScoreCounts(scored, scored - kept, int(removed))


def _points_columns() -> dict[str, str]:
    head = {"client_id": "uuid", "client": "text", "weights_version": "text", "is_current": "boolean"}
    wide = ("factor_", "divisor")
    names = load_points().default.values()
    return head | {name: "bigint" if name.startswith(wide) else "integer" for name in names}


def _write_points(connection: Connection, points: Points) -> None:
    """Add the versions that are new, and mark each client's current one; no version is overwritten."""
    clients = connection.rows("select client_id, client from facts.clients")
    if strangers := set(points.clients) - {row["client"] for row in clients}:
        raise PointsError(f"als: clients.{min(strangers)}: no such client; correct the id")
    known = {
        (str(row["client_id"]), row["weights_version"])
        for row in connection.rows(f"select client_id, weights_version from {POINTS}")
    }
    current = {str(row["client_id"]): points.of(row["client"]) for row in clients}
    names = {str(row["client_id"]): row["client"] for row in clients}
    columns = list(_points_columns())
    connection.insert(
        POINTS,
        columns,
        [
            (client_id, names[client_id], of.version(), False, *(of.values()[name] for name in columns[4:]))
            for client_id, of in current.items()
            if (client_id, of.version()) not in known
        ],
    )
    connection.execute(f"update {POINTS} set is_current = false where is_current")
    for client_id, of in current.items():
        connection.execute(
            f"update {POINTS} set is_current = true"
            " where client_id = cast(? as uuid) and weights_version = ?",
            [client_id, of.version()],
        )


def waterfall(row: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the steps of a row of scoring.als_scores, (label, points); they add up to its score."""
    steps = [(label, int(row[name])) for name, (_, label) in SIGNALS.items() if row[name]]
    if row["rounding_and_cap"]:
        steps.append(("rounding and cap", int(row["rounding_and_cap"])))
    return steps


def reachable(config: Config, connected_sources: Collection[str]) -> tuple[Reach, ...]:
    """Return, for each client of winnow.yml, the highest score that its sources can give, and what lacks.

    connected_sources: sources (`apollo`: its people and companies) and source tables (`apollo.phones`).
    """
    return tuple(reach_of(config, client, connected_sources) for client in config.clients)


def reach_of(config: Config, client: Client, connected_sources: Collection[str]) -> Reach:
    """Return what `reachable` does, for one client, whose sources may be others than the other clients'."""
    points = load_points(config.als)
    tables = {name for name in connected_sources if "." in name}
    tables |= {
        f"{name}.{part}" for name in connected_sources if "." not in name for part in ("people", "companies")
    }
    return _reach(client, points.of(client.id), points.sources, tables)


def _reach(
    client: Client,
    points: ClientPoints,
    sources: Mapping[str, Mapping[str, str]],
    tables: Collection[str],
) -> Reach:
    factors, divisor = points.factors()
    total, missing = 0, []
    for component, groups in COMPONENTS.items():
        for group in groups:
            signal, best = group[0], points.signal_maximum(*group)
            reached, fill = best, _icp_key(client, signal)
            if fill:
                reached = 0
            elif signal in sources:
                reached, fill = _best(points, signal, sources[signal], tables)
            total += min(reached, best) * factors[component]
            if reached < best:
                lost = (best - reached) * factors[component] // divisor
                missing.append(Missing(signal, lost, fill))
    highest = min(100, total // divisor)
    missing.sort(key=lambda item: (-item.lost, item.signal))
    return Reach(client.id, highest, points.tier(highest), tuple(missing))


def _best(
    points: ClientPoints, signal: str, sources: Mapping[str, str], tables: Collection[str]
) -> tuple[int, tuple[str, ...]]:
    """Return the most points that connected tables can give for `signal`, and the tables that give more."""
    values = {table: points.points[signal][option] for table, option in sources.items()}
    reached = max((number for table, number in values.items() if table in tables), default=0)
    return reached, tuple(table for table, number in values.items() if number > reached)


def _icp_key(client: Client, signal: str) -> tuple[str, ...]:
    """Return the key of winnow.yml without which the client's ICP says nothing about `signal`."""
    icp = client.icp
    keys = {
        "industry": ("industries", bool(icp and icp.industries)),
        "employees": ("employees", bool(icp and icp.employees)),
        "country": ("countries", bool(icp and icp.countries)),
    }
    if signal not in keys or keys[signal][1]:
        return ()
    return (f"clients.{client.id}.icp.{keys[signal][0]}",)
