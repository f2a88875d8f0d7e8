"""Grants: who may be given what, what is recorded, and what stays as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from psycopg2.errors import DeadlockDetected

from pipeline import grants
from pipeline.config import ConfigError
from pipeline.errors import RunError, UsageError
from pipeline.grants import listed
from tests.warehouse.client_world import CLIENTS, NOBODY, another_column, changed_rows, visible_tables
from tests.warehouse.conftest import Server, catalog
from tests.winnow import winnow
from warehouse import row_security
from warehouse.patience import Patience
from warehouse.row_security import quoted


def test_a_role_of_two_clients_sees_both_and_nothing_when_revoked(shared: Server) -> None:
    role = shared.role("both")
    tables = shared.grant("alpha", role)
    assert set(tables) == visible_tables()
    shared.grant("beta", role)
    assert shared.grant("beta", role) == tables, "granting again is the same"
    assert shared.owners_seen(role) == {"alpha", "beta"}
    shared.revoke("alpha", role)
    assert shared.owners_seen(role) == {"beta"}
    shared.revoke("beta", role)
    with shared.as_role(role) as reader:
        assert reader.walk().tables == set()
    with pytest.raises(UsageError, match="no such grant"):
        shared.revoke("beta", role)
    shared.superuser(f"drop role {quoted(shared.roles.pop('both'))}")  # nothing of it is left


def test_the_agency_reads_everything(server: Server) -> None:
    analyst, by_hand = server.role("analyst"), server.role("by hand")
    server.world.execute("grant usage on schema analytics to public")
    server.world.execute(f"grant select on all tables in schema analytics to {quoted(by_hand)}")
    server.grant(None, analyst)
    another_column(server.world)
    assert server.owners_seen(analyst) == {*CLIENTS, NOBODY}
    assert server.owners_seen(by_hand) == set()
    with server.as_role(by_hand) as reader:
        assert reader.rows("select count(*) from analytics.leads") == [(0,)]
    (note,) = server.world.publish()
    assert note.startswith(f"role {by_hand} may select from schema analytics, where row-level security shows")
    server.grant(None, by_hand)
    assert server.world.publish() == ()
    assert server.owners_seen(by_hand) == {*CLIENTS, NOBODY}


def test_a_publish_changes_nothing_in_the_catalog_that_is_right(server: Server) -> None:
    reader, analyst = server.role("reader"), server.role("analyst")
    server.grant("alpha", reader)
    server.grant(None, analyst)
    before = catalog(server.world)
    changed_rows(server.world)
    server.grant("alpha", reader)
    assert catalog(server.world) == before


def test_policies_of_the_administrator_stay(server: Server) -> None:
    auditor = server.role("auditor")
    server.world.execute("grant usage on schema analytics to public")
    server.world.execute(f"grant select on analytics.leads to {quoted(auditor)}")
    server.world.execute(
        f"create policy audit on analytics.leads for select to {quoted(auditor)} using (client = 'beta')"
    )
    another_column(server.world)
    with server.as_role(auditor) as reader:
        assert reader.rows("select distinct client from analytics.leads") == [("beta",)]
    server.world.columns["leads"].pop("client")
    server.world.fill()
    assert "policy audit on analytics.leads fell with a column that it read; create it again" in (
        server.world.publish()
    )


REFUSED = {
    "a superuser": ("login superuser", [], "is a superuser"),
    "one that no policy binds": ("login bypassrls", [], "has BYPASSRLS"),
    "one that gives itself roles": ("login createrole", [], "has CREATEROLE"),
    "one that copies the server": ("login replication", [], "has REPLICATION"),
    "a member of the owner": ("login in role winnow_owner", [], "is a member of winnow_owner"),
    "a member of one that reads all": ("login in role pg_read_all_data", [], "member of pg_read_all_data"),
    "one that reads the pool": (
        "login",
        ["grant usage on schema made to {role}", "grant select on made.lead_pool to {role}"],
        "may use made.lead_pool",
    ),
    "one that reads a withheld column as everybody": (
        "login",
        ["grant select on analytics.leads to public"],
        "may read analytics.leads.owner_client, withheld from clients",
    ),
    "one that writes as everybody": ("login", ["grant delete on analytics.deals to public"], "may write"),
    "one that reads a view as everybody": (
        "login",
        ["create view analytics.v as select 1", "grant select on analytics.v to public"],
        "may use analytics.v",
    ),
    "one that creates": ("login", ["grant create on schema made to {role}"], "may create in schema made"),
    "one with a policy by hand": (
        "login",
        ["create policy mine on analytics.deals using (true)"],
        "sees rows of analytics.deals by policy mine",
    ),
}


@pytest.mark.parametrize(("attributes", "prepared", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_role_that_policies_do_not_hold_is_refused(
    shared: Server, attributes: str, prepared: list[str], message: str
) -> None:
    role = shared.role("odd", attributes)
    for sql in prepared:
        shared.world.execute(sql.format(role=quoted(role)))
    before = catalog(shared.world)
    try:
        with pytest.raises(UsageError, match=message):
            shared.grant("alpha", role)
        assert catalog(shared.world) == before
    finally:
        shared.world.execute("revoke all on all tables in schema analytics from public")
        shared.world.execute("drop view if exists analytics.v")
        shared.world.execute("drop policy if exists mine on analytics.deals")
    assert listed(shared.world.config, shared.world.warehouse) == []


def test_a_role_that_got_more_since_is_told_at_every_publish(shared: Server) -> None:
    reader, gone, group = shared.role("reader"), shared.role("gone"), shared.role("group")
    shared.grant("alpha", reader)
    shared.grant("beta", gone)
    shared.grant("gamma", group)
    shared.superuser(f"grant {quoted(group)} to {quoted(reader)}")
    shared.superuser(f"drop owned by {quoted(gone)}")
    shared.superuser(f"drop role {quoted(shared.roles.pop('gone'))}")
    assert shared.world.publish() == (
        f"role {gone} is gone: create it again or `winnow revoke --client beta --role {gone}`",
        f"role {reader} is a member of {group}, which reads gamma",
    )
    problems = {row["role"]: row["problem"] for row in listed(shared.world.config, shared.world.warehouse)}
    assert problems[gone] == f"role {gone} does not exist; create it first: create role … login"
    assert problems[group] is None
    shared.revoke("beta", gone)


def test_who_granted_what_is_kept(shared: Server) -> None:
    role = shared.role("reader")
    shared.grant("alpha", role)
    shared.revoke("alpha", role)
    shared.grant("alpha", role)
    with shared.world.warehouse.connect() as connection:
        rows = connection.rows("select client, role, revoked_at is null as stands from ops.grants order by 1")
    assert [(row["client"], row["role"], row["stands"]) for row in rows] == [
        ("alpha", role, False),
        ("alpha", role, True),
    ]


def test_a_client_that_is_not_published_cannot_be_granted(server: Server) -> None:
    role = server.role("reader")
    with pytest.raises(ConfigError, match="no client 'delta'"):
        server.grant("delta", role)
    server.world.execute("delete from analytics.clients where client = 'gamma'")
    with pytest.raises(RunError, match="nothing is published of client gamma"):
        server.grant("gamma", role)
    with pytest.raises(UsageError, match="role nobody's does not exist"):
        server.grant("alpha", "nobody's")


def test_the_commands_say_what_was_done(shared: Server) -> None:
    role, folder = shared.role("reader"), shared.world.folder
    assert winnow(folder, "grant", "--list").stdout == "no grants\n"
    done = winnow(folder, "grant", "--client", "alpha", "--role", role)
    assert done.stdout == f"role {role} reads client alpha's rows of {len(visible_tables())} tables\n"
    assert shared.owners_seen(role) == {"alpha"}
    (row,) = json.loads(winnow(folder, "grant", "--list", "--json").stdout)
    assert (row["client"], row["role"], row["problem"]) == ("alpha", role, None)
    assert role in winnow(folder, "grant", "--list").stdout
    done = winnow(folder, "revoke", "--client", "alpha", "--role", role)
    assert done.stdout == f"role {role} reads client alpha's rows no longer\n"
    assert shared.owners_seen(role) == set()
    done = winnow(folder, "publish", "--client", "alpha", code=2)
    assert "clients read the server itself: winnow grant --client alpha --role ROLE" in done.stderr
    for arguments, message in {
        ("grant", "--role", role): "say whose rows: --client CLIENT or --all",
        ("grant", "--all", "--client", "alpha", "--role", role): "say whose rows",
        ("revoke", "--all"): "say which role: --role ROLE",
        ("grant", "--list", "--all"): "--list goes with no other option",
        ("grant", "--client", "alpha", "--role", "no such"): "error: role no such does not exist",
    }.items():
        assert message in winnow(folder, *arguments, code=2).stderr


def test_a_grant_waits_for_readers_and_publishes_only_so_long(
    shared: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grants, "LOCK_TIMEOUT", "50ms")
    role = shared.role("reader")
    with shared.world.warehouse.connect() as connection, connection.transaction():
        row_security.lock(connection)
        with pytest.raises(RunError, match="being published or read for longer than 50ms; try again"):
            shared.grant("alpha", role)
    assert listed(shared.world.config, shared.world.warehouse) == []
    shared.grant("alpha", role)


def test_a_grant_that_meets_a_deadlock_is_tried_again(
    shared: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Autovacuum analyses what was just published, and takes its locks in another order."""
    apply, deadlocks = row_security.apply, [DeadlockDetected("deadlock detected") for _ in range(2)]

    def meets_deadlocks(*arguments: Any, **named: Any) -> list[str]:
        if deadlocks:
            raise deadlocks.pop()
        return apply(*arguments, **named)

    monkeypatch.setattr(grants, "_patience", lambda _config: Patience(1, 0, lambda _seconds: None))
    monkeypatch.setattr(row_security, "apply", meets_deadlocks)
    role = shared.role("reader")
    with pytest.raises(DeadlockDetected):
        shared.grant("alpha", role)
    assert listed(shared.world.config, shared.world.warehouse) == []
    deadlocks.append(DeadlockDetected("deadlock detected"))
    shared.grant("alpha", role)
    assert [row["role"] for row in listed(shared.world.config, shared.world.warehouse)] == [role]
    deadlocks.append(DeadlockDetected("deadlock detected"))
    shared.revoke("alpha", role)
    assert listed(shared.world.config, shared.world.warehouse) == []
