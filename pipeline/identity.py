"""Who is who by decision: links between person keys, kept in the state database, told to dbt before a build.

A decision says that two keys are one person or that they are different ones, by the model or by hand. A split
by hand places every key of a lead on one of two sides, so that what comes later cannot join them unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipeline.state import identity_links

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from warehouse import Connection

SAME, DIFFERENT = "same", "different"
MODEL, HAND = "model", "hand"
BATCH = 500

LINKS = "ops.person_links"
PARTS = "ops.person_parts"
PENDING = "ops.links_to_build"
BUILT = "ops.built_links"
KEYS_TO_TOUCH = "ops.keys_to_touch"


@dataclass(frozen=True)
class Link:
    """One row of a decision about two person keys.

    decision: what belongs together; a split has a row a key. score, version: the model's. decided_at: UTC.
    """

    decision: str
    left_key: str
    right_key: str
    kind: str
    method: str
    decided_at: datetime
    decided_by: str
    score: float | None = None
    version: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Links:
    """What decisions come to. joined: links with their keys. parts: key to the part it was placed in."""

    joined: tuple[tuple[int, str, str], ...]
    parts: dict[str, str]


def append(engine: Engine, links: Sequence[Link]) -> int:
    """Write decisions durably; return how many are new. The model never decides a pair a second time."""
    written = 0
    with engine.begin() as connection:
        for start in range(0, len(links), BATCH):
            page = links[start : start + BATCH]
            known = _known(connection, [link.left_key for link in page])
            new = [
                vars(link)
                for link in page
                if link.method == HAND or (link.left_key, link.right_key) not in known
            ]
            if new:
                connection.execute(sa.insert(identity_links), new)
            written += len(new)
    return written


def propose(engine: Engine, connection: Connection, run_at: datetime) -> int:
    """Decide which new and changed people are one with others by their likeness; return how many links.

    run_at: the run's clock. The links act in the next build.
    """
    from scoring.identity import find_new

    count = 0
    for proposals in find_new(connection):
        links = [
            Link(
                decision=f"{MODEL}:{one.left_key}|{one.right_key}",
                left_key=one.left_key,
                right_key=one.right_key,
                kind=SAME,
                method=MODEL,
                decided_at=run_at,
                decided_by=MODEL,
                score=round(one.probability, 9),
                version=one.version,
            )
            for one in proposals
        ]
        count += append(engine, links)
    return count


def _known(connection: sa.Connection, left_keys: Sequence[str]) -> set[tuple[str, str]]:
    links = identity_links.c
    query = sa.select(links.left_key, links.right_key).where(links.left_key.in_(left_keys))
    return {(left, right) for left, right in connection.execute(query)}


def decided(engine: Engine) -> Iterator[Any]:
    """Yield all decisions' rows in the order in which they were made."""
    links = identity_links.c
    number = 0
    while True:
        query = sa.select(identity_links).where(links.link_number > number).order_by(links.link_number)
        with engine.connect() as connection:
            page = connection.execute(query.limit(BATCH * 20)).all()
        if not page:
            return
        yield from page
        number = page[-1].link_number


def replay(rows: Iterable[Any]) -> Links:
    """Return what decisions come to, a later one winning over an earlier one.

    A split places the keys it names: those that stay, and those that go. A merge by hand makes two parts one.
    """
    joined: list[tuple[int, str, str]] = []
    parts: dict[str, str] = {}
    for row in rows:
        if row.kind == DIFFERENT:
            parts[row.left_key] = f"{row.decision}:stays"
            parts[row.right_key] = f"{row.decision}:goes"
            continue
        joined.append((row.link_number, row.left_key, row.right_key))
        kept = parts.get(row.left_key) or parts.get(row.right_key)
        if row.method == HAND and kept is not None:
            given_up = parts.get(row.right_key)
            parts |= {key: kept for key, part in parts.items() if part == given_up}
            parts |= {row.left_key: kept, row.right_key: kept}
    return Links(tuple(joined), parts)


def write_links(
    engine: Engine, connection: Connection, numbers: set[int] | None = None, before: datetime | None = None
) -> None:
    """Tell dbt the decisions, and have the people looked at whom those not yet built speak of.

    numbers: only these links; before: only what was decided earlier. Both are for a rebuild of what was.
    """
    rows = [
        row
        for row in decided(engine)
        if (numbers is None or row.link_number in numbers) and (before is None or row.decided_at < before)
    ]
    links = replay(rows)
    with connection.transaction():
        connection.create_table(BUILT, {"link_number": "bigint", "run_id": "text"}, ["link_number"])
        built = {row["link_number"] for row in connection.rows(f"select link_number from {BUILT}")}
        pending = [row for row in rows if row.link_number not in built]
        ends = [(f"link:{number}", key) for number, *keys in links.joined for key in keys]
        ends += [(f"part:{part}", key) for key, part in links.parts.items()]
        connection.replace(LINKS, {"link": "text", "person_key": "text"}, ends)
        connection.replace(PARTS, {"person_key": "text", "part": "text"}, list(links.parts.items()))
        connection.replace(PENDING, {"link_number": "bigint"}, [(row.link_number,) for row in pending])
        touched = {key for row in pending for key in (row.left_key, row.right_key)}
        connection.insert(KEYS_TO_TOUCH, ["person_key"], [(key,) for key in sorted(touched)])


def mark_built(connection: Connection, run_id: str) -> None:
    """Remember that the build which just succeeded had the pending links."""
    connection.execute(
        f"insert into {BUILT} (link_number, run_id) select link_number, cast(? as text) from {PENDING}",
        [run_id],
    )


def built_numbers(connection: Connection) -> set[int]:
    """Return the numbers of the links that the last build had."""
    if not connection.table_exists(BUILT):
        return set()
    return {row["link_number"] for row in connection.rows(f"select link_number from {BUILT}")}
