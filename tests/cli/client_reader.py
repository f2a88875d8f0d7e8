"""What a client gets to see of a real night: through its role on PostgreSQL, in its file on DuckDB."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.warehouse.client_world import connected, content
from tests.winnow import winnow
from warehouse import Connection, Warehouse
from warehouse.postgres import PostgresWarehouse

Seen = dict[str, dict[str, set[str]]]
"""Table → column → texts."""


def words_of(connection: Connection, whose: str) -> set[str]:
    """Return what names the clients, their people and their senders; whose: a condition on `clients`."""
    found = set()
    for table, column in (("clients", "client"), ("leads", "email"), ("messages", "mailbox")):
        rows = connection.rows(
            f"select distinct owned.{column} as word from analytics.{table} as owned"
            " inner join analytics.clients as clients on owned.client_id = clients.client_id"
            f" where {whose} and owned.{column} is not null"
        )
        found |= {str(row["word"]) for row in rows}
    return found


@contextmanager
def client_sees(folder: Path, warehouse: Warehouse, client: str) -> Iterator[Seen]:
    """Let the client read, publish once more, and yield what it gets to see; it reads no longer then."""
    if not isinstance(warehouse, PostgresWarehouse):
        done = winnow(folder, "publish", "--client", client, "--json")
        path = Path(json.loads(done.stdout)["file"])
        written = path.stat().st_mtime_ns
        winnow(folder, "publish")
        assert path.stat().st_mtime_ns > written
        yield {
            table.removeprefix("analytics."): {
                column: {str(row[column]) for row in rows} for column in (rows[0] if rows else ())
            }
            for table, rows in content(path).items()
        }
        path.unlink()
        return
    role = f"reader {uuid.uuid4().hex[:8]}"
    with warehouse.connect() as connection:
        connection.execute(f"create role \"{role}\" login password 'reader'")
    winnow(folder, "grant", "--client", client, "--role", role)
    winnow(folder, "publish")
    seen: Seen = {}
    address = {name: str(value) for name, value in warehouse._settings().items()}
    with connected(address, role, "reader") as reader:
        for (table, column), texts in reader.walk().cells.items():
            seen.setdefault(table.removeprefix("analytics."), {})[column] = texts
    yield seen
    winnow(folder, "revoke", "--client", client, "--role", role)
    with warehouse.connect() as connection:
        connection.execute(f'drop role "{role}"')
