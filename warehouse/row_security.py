"""Who may read what of schema analytics on PostgreSQL: policies and privileges, made to match the grants.

Every published table has row-level security enabled and forced from its creation on, with a policy for its
owner: nobody else sees a row before a grant says so. A grant is a row of ops.grants; `apply` brings the
catalog up to all of them and changes nothing where it matches already. All of it runs in the transaction of
the publish or of the grant, so that no table can be read without its policy at any moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from warehouse.base import Connection
from warehouse.publication import CLIENT_COLUMNS, GRANTS, PUBLICATION, SCHEMA

ADVISORY_LOCK = 0x77_69_6E_6E_6F_77
"""One publish or grant at a time; taken first, so that two of them never wait for each other's tables."""

OWNER_POLICY = "winnow_owner"
PREFIX = "winnow_"
"""Policies of ours begin like this; others are the administrator's and stay."""


@dataclass(frozen=True)
class Reader:
    """A role and whose rows it may see. client: None for all rows of all tables. client_id: its key."""

    role: str
    client: str | None
    client_id: str | None


@dataclass(frozen=True)
class Table:
    """A published table. visible: what a client may read of it, empty where that is nothing."""

    name: str
    owner: str
    columns: tuple[str, ...]
    visible: tuple[str, ...]
    is_enabled: bool
    is_forced: bool


@dataclass(frozen=True)
class Policy:
    """A policy as pg_policies shows it."""

    roles: tuple[str, ...]
    using: str
    check: str | None
    command: str
    kind: str = "PERMISSIVE"


def lock(connection: Connection) -> None:
    """Wait until no other publish or grant is under way; held until the transaction ends."""
    connection.execute(f"select pg_advisory_xact_lock({ADVISORY_LOCK})")


def apply(connection: Connection, *, also: Sequence[str] = ()) -> list[str]:
    """Make policies and privileges those that the grants say; return what a person should know.

    also: roles that had grants and may have none now. Roles that are gone are skipped and named.
    """
    tables = published(connection)
    readers, notes = _standing(connection, _readers(connection))
    _protect(connection, tables)
    _forget_texts(connection, tables)
    _set_policies(connection, tables, readers)
    for role in sorted({reader.role for reader in readers} | set(also)):
        _set_privileges(connection, tables, role, [reader for reader in readers if reader.role == role])
    return notes


def published(connection: Connection) -> list[Table]:
    """Return the tables of schema analytics that are ours, but for `publication`, by name."""
    visible: dict[str, list[str]] = {}
    if connection.table_exists(CLIENT_COLUMNS):
        for row in connection.rows(f"select table_name, column_name from {CLIENT_COLUMNS}"):
            visible.setdefault(row["table_name"], []).append(row["column_name"])
    found = connection.rows(
        "select c.relname as name, pg_get_userbyid(c.relowner) as owner, c.relrowsecurity as is_enabled,"
        " c.relforcerowsecurity as is_forced,"
        " (select array_agg(cast(a.attname as text) order by a.attnum) from pg_attribute a"
        "  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = ? and c.relkind = 'r' and c.relname <> ?"
        " and pg_has_role(current_user, c.relowner, 'usage') order by 1",
        [SCHEMA, PUBLICATION],
    )
    return [
        Table(
            row["name"],
            row["owner"],
            tuple(row["columns"] or ()),
            tuple(name for name in row["columns"] or () if name in visible.get(row["name"], ())),
            row["is_enabled"],
            row["is_forced"],
        )
        for row in found
    ]


def protect(connection: Connection, table: str, owner: str) -> None:
    """Let nobody but `owner` see a row of analytics.`table`, as long as no other policy says so.

    Forced: PostgreSQL exempts a table's owner otherwise, and what reads through the owner's views with it.
    """
    target = f"{SCHEMA}.{quoted(table)}"
    connection.execute(f"alter table {target} enable row level security, force row level security")
    connection.execute(f"drop policy if exists {OWNER_POLICY} on {target}")
    connection.execute(
        f"create policy {OWNER_POLICY} on {target} to {quoted(owner)} using (true) with check (true)"
    )


def quoted(name: str) -> str:
    """Return an identifier as SQL, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def _readers(connection: Connection) -> list[Reader]:
    """Return the grants that stand; a client that is published no longer has no key."""
    if not connection.table_exists(GRANTS):
        return []
    key = "cast(null as text)"
    if connection.table_exists(f"{SCHEMA}.clients"):
        key = f"(select cast(c.client_id as text) from {SCHEMA}.clients c where c.client = g.client)"
    rows = connection.rows(
        f"select distinct g.role, g.client, {key} as client_id from {GRANTS} g"
        " where g.revoked_at is null order by 1, 2"
    )
    return [Reader(row["role"], row["client"], row["client_id"]) for row in rows]


def _standing(connection: Connection, readers: Sequence[Reader]) -> tuple[list[Reader], list[str]]:
    """Return the readers whose role and client exist, and a line for each other one."""
    roles = {row["rolname"] for row in connection.rows("select rolname from pg_roles")}
    kept, notes = [], []
    for reader in readers:
        whom = "--all" if reader.client is None else f"--client {reader.client}"
        if reader.role not in roles:
            notes.append(
                f"role {reader.role} is gone: create it again or `winnow revoke {whom} --role {reader.role}`"
            )
        elif reader.client is not None and reader.client_id is None:
            notes.append(
                f"client {reader.client} is published no longer: role {reader.role} sees nothing of it"
            )
        else:
            kept.append(reader)
    return kept, notes


def _protect(connection: Connection, tables: Sequence[Table]) -> None:
    owners = {
        (row["tablename"], role)
        for row in connection.rows(
            "select tablename, cast(roles as text[]) as roles from pg_policies"
            " where schemaname = ? and policyname = ? and qual = 'true' and with_check = 'true'"
            " and cmd = 'ALL'",
            [SCHEMA, OWNER_POLICY],
        )
        for role in row["roles"]
    }
    for table in tables:
        if not (table.is_enabled and table.is_forced and (table.name, table.owner) in owners):
            protect(connection, table.name, table.owner)


def _forget_texts(connection: Connection, tables: Sequence[Table]) -> None:
    """Collect no statistics of texts that a client may read.

    The planner's estimates come from everybody's rows: EXPLAIN would tell a client whether a name or domain
    that it guesses is common among the others'.
    """
    found = connection.rows(
        "select c.relname as name, a.attname as column_name from pg_attribute a"
        " join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace"
        " join pg_type t on t.oid = a.atttypid where n.nspname = ? and t.typcategory = 'S' and a.attnum > 0"
        " and not a.attisdropped and coalesce(a.attstattarget, -1) <> 0 order by 1, 2",
        [SCHEMA],
    )
    visible = {table.name for table in tables if table.visible}
    for row in found:
        if row["name"] in visible:
            target = f"{SCHEMA}.{quoted(row['name'])}"
            connection.execute(f"alter table {target} alter {quoted(row['column_name'])} set statistics 0")


def _wanted_policies(tables: Sequence[Table], readers: Sequence[Reader]) -> dict[tuple[str, str], Policy]:
    """Return (table, policy name) → policy, of all readers."""
    wanted = {}
    for reader in readers:
        whom = f"{reader.client or ''}\x1f{reader.role}"
        digest = hashlib.md5(whom.encode(), usedforsecurity=False).hexdigest()
        for table in tables:
            if reader.client_id is None:
                name, using = f"{PREFIX}all_{digest}", "true"
            elif table.visible:
                name, using = f"{PREFIX}client_{digest}", f"(client_id = '{UUID(reader.client_id)}'::uuid)"
            else:
                continue
            wanted[table.name, name] = Policy((reader.role,), using, None, "SELECT")
    return wanted


def _set_policies(connection: Connection, tables: Sequence[Table], readers: Sequence[Reader]) -> None:
    wanted = _wanted_policies(tables, readers)
    ours = {table.name for table in tables}
    standing = {
        (row["tablename"], row["policyname"]): Policy(
            tuple(row["roles"]), row["qual"], row["with_check"], row["cmd"], row["permissive"]
        )
        for row in connection.rows(
            "select tablename, policyname, cast(roles as text[]) as roles, qual, with_check, cmd, permissive"
            " from pg_policies where schemaname = ? and starts_with(policyname, ?) and policyname <> ?",
            [SCHEMA, PREFIX, OWNER_POLICY],
        )
        if row["tablename"] in ours
    }
    for (table, name), policy in standing.items():
        if wanted.get((table, name)) != policy:
            connection.execute(f"drop policy {quoted(name)} on {SCHEMA}.{quoted(table)}")
    for (table, name), policy in wanted.items():
        if standing.get((table, name)) != policy:
            connection.execute(
                f"create policy {quoted(name)} on {SCHEMA}.{quoted(table)} for select"
                f" to {quoted(policy.roles[0])} using ({policy.using})"
            )


def _set_privileges(
    connection: Connection, tables: Sequence[Table], role: str, readers: Sequence[Reader]
) -> None:
    """Give `role` what its readers need in schema analytics, and take from it whatever else it has there."""
    sees_all = any(reader.client is None for reader in readers)
    wanted: dict[str, set[tuple[str, str]]] = {}
    for table in tables:
        if sees_all or (readers and table.visible == table.columns):
            wanted[table.name] = {("", "SELECT")}
        elif readers and table.visible:
            wanted[table.name] = {(column, "SELECT") for column in table.visible}
    if readers:
        wanted[PUBLICATION] = {("", "SELECT")}
    has = _privileges(connection, role)
    for name in sorted(wanted.keys() | has.keys()):
        if wanted.get(name, set()) == has.get(name, set()):
            continue
        target = f"{SCHEMA}.{quoted(name)}"
        if name in has:
            connection.execute(f"revoke all on {target} from {quoted(role)}")
        if columns := sorted(column for column, _ in wanted.get(name, set())):
            listed = "" if columns == [""] else f" ({', '.join(map(quoted, columns))})"
            connection.execute(f"grant select{listed} on {target} to {quoted(role)}")
    _set_usage(connection, role, is_wanted=bool(readers))


def _privileges(connection: Connection, role: str) -> Mapping[str, set[tuple[str, str]]]:
    """Return what `role` itself was granted on tables of ours: table → (column or nothing, privilege)."""
    has: dict[str, set[tuple[str, str]]] = {}
    for row in connection.rows(
        "with granted as ("
        " select c.oid, '' as column_name, a.grantee, a.privilege_type from pg_class c"
        " cross join lateral aclexplode(c.relacl) a"
        " union all"
        " select t.attrelid, cast(t.attname as text), a.grantee, a.privilege_type from pg_attribute t"
        " cross join lateral aclexplode(t.attacl) a where not t.attisdropped)"
        " select c.relname as name, granted.column_name, granted.privilege_type as privilege"
        " from granted join pg_class c on c.oid = granted.oid"
        " join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.oid = granted.grantee"
        " where n.nspname = ? and r.rolname = ? and c.relkind = 'r'"
        " and pg_has_role(current_user, c.relowner, 'usage')",
        [SCHEMA, role],
    ):
        has.setdefault(row["name"], set()).add((row["column_name"], row["privilege"]))
    return has


def _set_usage(connection: Connection, role: str, *, is_wanted: bool) -> None:
    granted = connection.rows(
        "select a.privilege_type as privilege from pg_namespace n cross join lateral aclexplode(n.nspacl) a"
        " join pg_roles r on r.oid = a.grantee where n.nspname = ? and r.rolname = ?",
        [SCHEMA, role],
    )
    if {row["privilege"] for row in granted} == ({"USAGE"} if is_wanted else set()):
        return
    if granted:
        connection.execute(f"revoke all on schema {SCHEMA} from {quoted(role)}")
    if is_wanted:
        connection.execute(f"grant usage on schema {SCHEMA} to {quoted(role)}")
