"""Files with one client's rows alone, for agencies whose warehouse is a DuckDB file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.config import Config
    from warehouse import Warehouse


def write(config: Config, warehouse: Warehouse, client: str, out: Path | None = None) -> tuple[Path, int]:
    """Write the client's file and return where it is and its rows.

    out: by default the file in state_dir that every later publish writes anew. Raises ConfigError for an
    unknown client, UsageError where clients read the server itself or `out` is a file of Winnow's own.
    """
    from warehouse.client_file import client_path, write_client_file
    from warehouse.duckdb import DuckDBWarehouse, published_path

    config.client(client)
    if not isinstance(warehouse, DuckDBWarehouse):
        raise UsageError(
            f"--client writes a DuckDB file; on {warehouse.where()} clients read the server itself:"
            f" winnow grant --client {client} --role ROLE"
        )
    path = out or client_path(config.state_dir, client)
    own = {published_path(config.state_dir), warehouse.path, config.state_dir / "state.sqlite"}
    if path.resolve() in {file.resolve() for file in own}:
        raise UsageError(f"{path} is a file that winnow works with; name another --out")
    return path, sum(write_client_file(config.state_dir, client, path).values())


def refresh(config: Config, warehouse: Warehouse) -> list[str]:
    """Write the files of clients anew that lie in state_dir; return what a person should know.

    Called after every publish. A file whose client is gone is told and left as it is.
    """
    from warehouse import WarehouseError
    from warehouse.client_file import client_path, clients_with_files, write_client_file

    if warehouse.name != "duckdb":
        return []
    known, notes = {client.id for client in config.clients}, []
    for client in clients_with_files(config.state_dir):
        path = client_path(config.state_dir, client)
        if client in known:
            try:
                write_client_file(config.state_dir, client, path)
            except WarehouseError as error:  # what is published stands; this file stays as it was
                notes.append(str(error))
        else:
            notes.append(f"{path} is of no client in winnow.yml and gets no new rows; delete it")
    return notes
