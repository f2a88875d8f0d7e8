"""One client's rows of what is published, as a DuckDB file of their own to hand over."""

from __future__ import annotations

import uuid
from pathlib import Path

from warehouse.base import WarehouseError, single_line
from warehouse.duckdb import DuckDBConnection, published_path, quoted_path, sync
from warehouse.publication import CLIENT_COLUMNS, PUBLICATION, SCHEMA
from warehouse.row_security import quoted


def client_path(state_dir: Path, client: str) -> Path:
    """Return where the file of a client lies that every publish writes anew."""
    published = published_path(state_dir)
    return published.with_name(f"{published.stem}-{client}{published.suffix}")


def clients_with_files(state_dir: Path) -> list[str]:
    """Return the clients whose files lie in `state_dir`, by their ids."""
    published = published_path(state_dir)
    pattern = f"{published.stem}-*{published.suffix}"
    return sorted(path.stem.removeprefix(f"{published.stem}-") for path in state_dir.glob(pattern))


def write_client_file(state_dir: Path, client: str, out: Path) -> dict[str, int]:
    """Write what `client` may read of what is published to `out`; return the rows of each table.

    All of it is of one publish, with its row of `publication`. The file is a new one, renamed over the old:
    no byte of another client's rows was ever in it, and a reader has the old file or the new one.
    Raises WarehouseError when nothing is published, of this client or at all, or `out` cannot be written.
    """
    import duckdb

    published = published_path(state_dir)
    if not published.is_file():
        raise WarehouseError(f"nothing is published yet ({published} is missing); run `winnow run` first")
    if not out.parent.is_dir():
        raise WarehouseError(f"folder {out.parent} does not exist; create it or name another --out")
    draft = out.with_name(f".{out.name}.{uuid.uuid4().hex}")
    try:
        raw = duckdb.connect(str(draft))
        try:
            raw.execute("set timezone = 'UTC'")
            raw.execute(f"attach '{quoted_path(published)}' as published (read_only)")
            rows = _copy(DuckDBConnection(raw), client)
            raw.execute("detach published")
            raw.execute("checkpoint")
        finally:
            raw.close()
        sync(draft)
        draft.replace(out)
        sync(out.parent)
    except (OSError, duckdb.IOException) as error:
        raise WarehouseError(f"cannot write {out}: {single_line(error)}") from error
    finally:
        draft.unlink(missing_ok=True)
        draft.with_name(f"{draft.name}.wal").unlink(missing_ok=True)
    return rows


def _copy(connection: DuckDBConnection, client: str) -> dict[str, int]:
    visible: dict[str, list[str]] = {}
    for row in _client_columns(connection):
        visible.setdefault(row["table_name"], []).append(row["column_name"])
    key = connection.scalar(f"select client_id from published.{SCHEMA}.clients where client = ?", [client])
    if key is None:
        raise WarehouseError(f"nothing is published of client {client}; run `winnow run` first")
    connection.execute(f"create schema {SCHEMA}")
    rows = {
        table: connection.execute(
            f"create table {SCHEMA}.{quoted(table)} as select {', '.join(map(quoted, columns))}"
            f" from published.{SCHEMA}.{quoted(table)} where client_id = cast(? as uuid)",
            [str(key)],
        )
        for table, columns in visible.items()
    }
    connection.execute(
        f"create table {SCHEMA}.{PUBLICATION} as select * from published.{SCHEMA}.{PUBLICATION}"
    )
    return rows


def _client_columns(connection: DuckDBConnection) -> list[dict[str, str]]:
    """Return what clients may read, in the order of tables and columns."""
    schema, name = CLIENT_COLUMNS.split(".")
    known = connection.scalar(
        "select count(*) from information_schema.tables"
        " where table_catalog = 'published' and table_schema = ? and table_name = ?",
        [schema, name],
    )
    if not known:
        raise WarehouseError("what clients may read was not published yet; run `winnow publish` first")
    return connection.rows(
        f"select c.table_name, c.column_name from published.{CLIENT_COLUMNS} c"
        " inner join information_schema.columns i on i.table_catalog = 'published' and i.table_schema = ?"
        " and i.table_name = c.table_name and i.column_name = c.column_name"
        " order by c.table_name, i.ordinal_position",
        [SCHEMA],
    )
