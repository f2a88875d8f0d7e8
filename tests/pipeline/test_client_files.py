"""A client's file holds that client's rows of what is published, and no byte of anybody else's."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from pipeline.client_files import refresh, write
from pipeline.config import ConfigError
from pipeline.errors import UsageError
from tests.conftest import NewProfile
from tests.warehouse.client_world import CLIENTS, NOBODY, Secrets, content, secret, visible_tables
from tests.winnow import winnow
from warehouse import WarehouseError, open_warehouse


@pytest.fixture
def world(new_profile: NewProfile, tmp_path: Path) -> Secrets:
    """Three clients' rows, published once in a DuckDB file."""
    world = Secrets(open_warehouse(new_profile("duckdb", tmp_path)), tmp_path)
    world.fill()
    world.publish()
    return world


def test_a_file_holds_the_rows_of_one_client(world: Secrets) -> None:
    path, rows = write(world.config, world.warehouse, "alpha")
    assert path == world.config.state_dir / "published-alpha.duckdb"
    tables = content(path)
    assert set(tables) == {f"analytics.{name}" for name in (*visible_tables(), "publication")}
    assert [row["run_id"] for row in tables.pop("analytics.publication")] == ["run-1"]
    assert {str(row["client_id"]) for found in tables.values() for row in found} == {CLIENTS["alpha"]}
    assert sum(map(len, tables.values())) == rows == 3 * (len(tables) - 1) + 1
    assert not {"owner_client", "pool_status"} & set(tables["analytics.leads"][0])


def test_no_byte_of_another_client_is_in_the_file(world: Secrets) -> None:
    path, _ = write(world.config, world.warehouse, "alpha")
    everything = (world.config.state_dir / "published.duckdb").read_bytes()
    mine = path.read_bytes()
    assert all(f"secret of {owner} ".encode() in everything for owner in (*CLIENTS, NOBODY))
    assert secret("alpha", "email").encode() in mine
    assert not [owner for owner in ("beta", "gamma", NOBODY) if f"secret of {owner}".encode() in mine]
    assert not [client for client in ("beta", "gamma") if client.encode() in mine]


def test_a_file_is_of_what_is_published_and_every_publish_writes_it_anew(world: Secrets) -> None:
    path, _ = write(world.config, world.warehouse, "alpha")
    before = content(path)
    world.fill()
    write(world.config, world.warehouse, "alpha")
    assert content(path) == before, "what is not published is in no file"
    world.publish()
    assert refresh(world.config, world.warehouse) == []
    assert [row["run_id"] for row in content(path)["analytics.publication"]] == ["run-2"]
    assert sorted(file.name for file in path.parent.glob("*published*")) == [
        "published-alpha.duckdb",
        "published.duckdb",
    ]


def test_an_open_file_stays_readable_while_it_is_written_anew(world: Secrets) -> None:
    path, _ = write(world.config, world.warehouse, "alpha")
    with duckdb.connect(str(path), read_only=True) as reader:
        world.fill()
        world.publish()
        refresh(world.config, world.warehouse)
        assert reader.execute("select run_id from analytics.publication").fetchall() == [("run-1",)]


def test_a_file_of_a_client_that_is_gone_is_told(world: Secrets) -> None:
    gone = world.config.state_dir / "published-delta.duckdb"
    gone.write_bytes(b"old")
    assert refresh(world.config, world.warehouse) == [
        f"{gone} is of no client in winnow.yml and gets no new rows; delete it"
    ]
    assert gone.read_bytes() == b"old"


def test_what_cannot_be_written_is_refused(world: Secrets, tmp_path: Path) -> None:
    config, warehouse = world.config, world.warehouse
    with pytest.raises(ConfigError, match="no client 'delta'"):
        write(config, warehouse, "delta")
    with pytest.raises(UsageError, match="is a file that winnow works with"):
        write(config, warehouse, "alpha", config.state_dir / "published.duckdb")
    with pytest.raises(UsageError, match="is a file that winnow works with"):
        write(config, warehouse, "alpha", tmp_path / "warehouse.duckdb")
    with pytest.raises(WarehouseError, match=r"folder .* does not exist"):
        write(config, warehouse, "alpha", tmp_path / "no" / "such.duckdb")
    (config.state_dir / "published.duckdb").unlink()
    with pytest.raises(WarehouseError, match="nothing is published yet"):
        write(config, warehouse, "alpha")
    assert not list(config.state_dir.glob("*alpha*"))


def test_the_command_writes_a_file_and_publishes_nothing(world: Secrets, tmp_path: Path) -> None:
    out = tmp_path / "for alpha.duckdb"
    done = winnow(tmp_path, "publish", "--client", "alpha", "--out", str(out), "--json")
    assert json.loads(done.stdout) == {"file": str(out), "rows": sum(map(len, content(out).values())) - 1}
    assert "rows of beta written to" in winnow(tmp_path, "publish", "--client", "beta").stdout
    assert not (world.config.state_dir / "state.sqlite").exists(), "no run was made"
    assert "--out goes with --client" in winnow(tmp_path, "publish", "--out", str(out), code=2).stderr
    for arguments in (("grant", "--client", "alpha"), ("revoke", "--client", "alpha")):
        done = winnow(tmp_path, *arguments, "--role", "reader", code=2)
        assert "has no roles; `winnow publish --client CLIENT` writes a client's file" in done.stderr
