"""On PostgreSQL a client's role sees its own rows and nothing else, whatever it tries, whatever is published.

The database's owner is no superuser. What a role sees is found by trying to read every column of every
relation that the server has, not by asking which privileges there are.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.pipeline.published_world import COLUMNS
from tests.warehouse.client_world import (
    CLIENTS,
    NOBODY,
    Secrets,
    another_column,
    changed_rows,
    is_catalog,
    secret,
    visible_tables,
)
from tests.warehouse.conftest import Server
from warehouse.row_security import quoted


def columns_back(world: Secrets) -> None:
    another_column(world)
    world.columns["deals"]["client_id"] = world.columns["deals"].pop("company_id")
    world.fill()
    world.publish(whole=False)


def rebuilt(world: Secrets) -> None:
    world.execute("drop schema made cascade")
    world.fill()
    world.publish(whole=True)


def tables_gone(world: Secrets) -> None:
    world.execute("drop schema analytics cascade")
    world.fill()
    world.publish(whole=True)


def new_tables(world: Secrets) -> None:
    world.columns["sentiments"] = {"client_id": "uuid", "said": "text"}
    world.columns["prices"] = {"owner": "uuid", "said": "text"}
    world.columns["marked"] = {"client_id": "text", "said": "text"}
    world.fill()
    world.publish(whole=True)


def tampered(world: Secrets) -> None:
    world.execute("alter table analytics.leads disable row level security")
    world.execute("alter table analytics.messages no force row level security")
    with world.warehouse.connect() as connection:
        for policy in connection.rows("select policyname as name from pg_policies where tablename = 'deals'"):
            connection.execute(f'alter policy "{policy["name"]}" on analytics.deals using (true)')
        for row in connection.rows("select client_id, role from analytics.clients, ops.grants limit 1"):
            connection.execute(f"grant all on analytics.lead_pool to {quoted(row['role'])}")
    world.publish(whole=False)


CHANGES = {
    "at once": lambda world: None,
    "after rows changed": changed_rows,
    "after tables got and lost columns": another_column,
    "after a column became the client's": columns_back,
    "after a full rebuild": rebuilt,
    "after the schema was dropped": tables_gone,
    "after new tables came": new_tables,
    "after somebody undid it": tampered,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_client_sees_its_rows_and_nothing_else(server: Server, change: Callable[[Secrets], None]) -> None:
    alpha, beta = server.role('Alpha\'s "Reader"; --'), server.role("beta?%s")
    nobody = server.role("none")
    server.grant("alpha", alpha)
    server.grant("beta", beta)
    change(server.world)
    server.world.execute("analyze")
    expected = {f"analytics.{name}" for name in visible_tables(server.world.columns)}
    for client, role in (("alpha", alpha), ("beta", beta)):
        with server.as_role(role) as reader:
            seen = reader.walk(with_catalogs=change is CHANGES["at once"])
        assert seen.tables == expected | {"analytics.publication"}
        assert seen.owners == {client}
        for table in expected:
            assert seen.cells[table, "client_id"] == {CLIENTS[client]}, table
        assert ("analytics.leads", "owner_client") not in seen.cells
        assert ("analytics.leads", "pool_status") not in seen.cells
        assert ("analytics.leads", "email") in seen.cells
    with server.as_role(nobody) as reader:
        seen = reader.walk(with_catalogs=change is CHANGES["at once"])
    assert (seen.tables, seen.owners) == (set(), set())


def test_the_walk_finds_what_is_not_protected(server: Server) -> None:
    """Without row-level security the same walk sees everybody's rows, statistics included."""
    reader = server.role("reader")
    server.grant("alpha", reader)
    server.world.execute("analyze")
    server.world.execute("alter table analytics.messages disable row level security")
    with server.as_role(reader) as role:
        seen = role.walk()
    assert seen.cells["analytics.messages", "client_id"] >= set(CLIENTS.values())
    assert seen.owners == {"alpha"}, "messages of the small world hold no texts"
    server.world.execute("alter table analytics.campaigns disable row level security")
    server.world.execute("alter table analytics.campaigns alter name set statistics 100")
    server.world.execute("analyze analytics.campaigns")
    with server.as_role(reader) as role:
        seen = role.walk(with_catalogs=True)
    assert seen.owners == {*CLIENTS, NOBODY}
    assert "secret of beta" in str(seen.cells["pg_catalog.pg_stats", "most_common_vals"])


def test_a_client_changes_nothing(shared: Server) -> None:
    reader = shared.role("reader")
    shared.grant("alpha", reader)
    with shared.as_role(reader) as role:
        for schema, name, columns in role.relations():
            target = f'"{schema}"."{name}"'
            if is_catalog(schema):
                continue
            assert not role.may(f"insert into {target} default values"), target
            assert not role.may(f'update {target} set "{columns[0]}" = null'), target
            assert not role.may(f"delete from {target}"), target
            assert not role.may(f"truncate {target}"), target
            assert not role.may(f"alter table {target} disable row level security"), target
            assert not role.may(f"create policy mine on {target} using (true)"), target
            assert not role.may(f"drop table {target}"), target
            assert not role.may(f"create trigger t before insert on {target} execute function f()"), target
        for (schema,) in role.rows("select nspname from pg_namespace where nspname !~ '^pg_(toast_)?temp'"):
            assert not role.may(f'create table "{schema}".mine (n integer)'), schema
            assert not role.may(f'create view "{schema}".mine as select 1'), schema
            assert not role.may(
                f"create function \"{schema}\".mine() returns integer language sql as 'select 1'"
            ), schema
        assert not role.may("create schema mine")
        assert role.may("select count(*) from analytics.leads")
        assert not role.may("select * from analytics.leads"), "it has columns that are withheld"
        shown = role.rows("select column_name from information_schema.columns where table_name = 'leads'")
        assert {name for (name,) in shown} == set(COLUMNS["leads"]) - {"owner_client", "pool_status"}


def test_a_client_steps_out_of_nothing(shared: Server) -> None:
    reader, other = shared.role("reader"), shared.role("other")
    shared.grant("alpha", reader)
    shared.grant("beta", other)
    with shared.as_role(reader) as role:
        for (name,) in role.rows("select rolname from pg_roles where rolname <> current_user"):
            assert not role.may(f"set role {quoted(name)}"), name
            assert not role.may(f"set session authorization {quoted(name)}"), name
            assert not role.may(f"grant {quoted(name)} to current_user"), name
        assert not role.may("alter role current_user bypassrls")
        assert not role.may("set row_security = off; select count(*) from analytics.leads")
        assert not role.may("copy analytics.leads to '/tmp/leads'")
        assert not role.may("set session_replication_role = replica")
        functions = role.rows(
            "select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
            " where n.nspname not in ('pg_catalog', 'information_schema')"
            " and has_function_privilege(p.oid, 'execute')"
        )
        assert functions == []


LEAK = (
    "create function pg_temp.leak(text) returns boolean language plpgsql cost 0.0000001"
    " as $$ begin raise notice '%', $1; return true; end $$"
)


def test_functions_of_its_own_show_a_client_no_other_row(shared: Server) -> None:
    """What it can make is temporary; the policy is looked at before a function that could tell."""
    reader = shared.role("reader")
    shared.grant("alpha", reader)
    with shared.as_role(reader) as role:
        role.rows(LEAK)
        role.rows("select count(*) from analytics.leads where pg_temp.leak(email)")
        role.rows(
            "select count(*) from analytics.campaigns c join analytics.leads using (client_id)"
            " where pg_temp.leak(c.name) and pg_temp.leak(email)"
        )
        told = "".join(role.raw.notices)
    assert secret("alpha", "email") in told
    assert "secret of beta" not in told
    assert f"secret of {NOBODY}" not in told


def test_plans_tell_a_client_nothing_about_other_rows(server: Server) -> None:
    """Estimates come from statistics of all rows, so that a guess could be tried out."""
    server.world.execute(
        "insert into made.campaigns (client_id, name)"
        f" select '{CLIENTS['beta']}', 'a rival' from generate_series(1, 2000)"
    )
    server.world.publish()
    server.world.execute("analyze")
    reader = server.role("reader")
    server.grant("alpha", reader)
    with server.as_role(reader) as role:
        plans = {
            name: role.rows(f"explain select * from analytics.campaigns where name = '{name}'")[0][0]
            for name in ("a rival", "any other name")
        }
        assert plans["a rival"] == plans["any other name"]
        assert (
            role.rows("select * from pg_stats where schemaname = 'analytics' and tablename <> 'publication'")
            == []
        )
