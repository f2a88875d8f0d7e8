"""What a reader's role could do on PostgreSQL beside what it was granted: attributes, roles, privileges.

Policies bind only a role that cannot step around them. This looks at the catalog as it is, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from warehouse.base import Connection
from warehouse.publication import GRANTS, PUBLICATION, SCHEMA
from warehouse.row_security import PREFIX, Table, published

ATTRIBUTES = {
    "rolsuper": "is a superuser, whom no policy binds",
    "rolbypassrls": "has BYPASSRLS, so that no policy binds it",
    "rolcreaterole": "has CREATEROLE and can give itself other roles",
    "rolreplication": "has REPLICATION and can copy the whole server",
}
_FOREIGN = "n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'"
_NOT_AN_EXTENSIONS = "not exists (select 1 from pg_depend d where d.objid = {oid} and d.deptype = 'e')"
"""What an extension brings is the administrator's choice; such views guard themselves."""


def missing(connection: Connection, role: str) -> str | None:
    """Return a line when there is no such role."""
    if connection.scalar("select count(*) from pg_roles where rolname = ?", [role]):
        return None
    return f"role {role} does not exist; create it first: create role … login"


def why_not(connection: Connection, role: str) -> str | None:
    """Return why `role`, which exists, cannot read for a client, None when it can."""
    found = connection.rows(f"select {', '.join(ATTRIBUTES)} from pg_roles where rolname = ?", [role])
    for attribute, reason in ATTRIBUTES.items():
        if found[0][attribute]:
            return f"role {role} {reason}"
    members = connection.rows(
        "select o.rolname as name from pg_roles o where pg_has_role(?, o.oid, 'member') and ("
        " o.rolsuper or o.rolbypassrls or o.rolcreaterole or o.rolreplication or o.rolname ~ '^pg_'"
        " or o.oid in (select nspowner from pg_namespace where nspname = ?)"
        " or o.oid in (select c.relowner from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        "  where n.nspname = ?)) order by o.rolname ~ '^pg_', 1",
        [role, SCHEMA, SCHEMA],
    )
    names = [row["name"] for row in members]
    if role in names:
        return f"role {role} owns schema {SCHEMA} or a table in it"
    if names:
        return f"role {role} is a member of {names[0]}, which sees more than a reader may"
    return None


def problems(connection: Connection, role: str) -> list[str]:
    """Return what is wrong with a reader, a line each: it is gone, or may do what no client's grant says.

    Nothing is held against a role that was granted everything.
    """
    if line := missing(connection, role):
        return [line]
    grants = _grants(connection)
    mine = {client for other, client in grants if other == role}
    if None in mine:
        return []
    if line := why_not(connection, role):
        return [line]
    lines = [
        f"role {role} is a member of {other}, which reads {'everything' if client is None else client}"
        for other, client in grants
        if other != role and client not in mine and _is_member(connection, role, other)
    ]
    lines += _relations(connection, role)
    lines += _columns(connection, role, published(connection))
    lines += _creates(connection, role)
    lines += _policies(connection, role)
    return lines


def notes(connection: Connection) -> list[str]:
    """Return what to tell about all readers, a line each: those that see too much, those that see nothing."""
    told = [
        line
        for role in sorted({role for role, _ in _grants(connection)})
        if missing(connection, role) is None
        for line in problems(connection, role)
    ]
    return told + [
        f"role {row['name']} may select from schema {SCHEMA}, where row-level security shows it no row;"
        f" `winnow grant --all --role {row['name']}` lets it see them all"
        for row in _blind(connection)
    ]


def _grants(connection: Connection) -> list[tuple[str, str | None]]:
    if not connection.table_exists(GRANTS):
        return []
    found = connection.rows(
        f"select distinct role, client from {GRANTS} where revoked_at is null order by 1, 2"
    )
    return [(row["role"], row["client"]) for row in found]


def _is_member(connection: Connection, role: str, other: str) -> bool:
    found = connection.scalar(
        "select pg_has_role(?, oid, 'member') from pg_roles where rolname = ?", [role, other]
    )
    return bool(found)


def _relations(connection: Connection, role: str) -> list[str]:
    """Relations outside what is granted that `role` can use, by itself, through PUBLIC or another role."""
    tables = {table.name for table in published(connection) if table.visible} | {PUBLICATION}
    found = connection.rows(
        "select n.nspname as schema, c.relname as name from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace cross join (select cast(? as name) as role) r"
        f" where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and {_FOREIGN}"
        f" and {_NOT_AN_EXTENSIONS.format(oid='c.oid')}"
        " and has_schema_privilege(r.role, n.oid, 'usage')"
        " and case when c.relkind = 'S' then has_sequence_privilege(r.role, c.oid, 'usage, select, update')"
        " else has_table_privilege(r.role, c.oid, 'select, insert, update, delete, truncate, trigger')"
        " or has_any_column_privilege(r.role, c.oid, 'select, insert, update, references') end"
        " order by 1, 2",
        [role],
    )
    return [
        f"role {role} may use {row['schema']}.{row['name']}, which is granted to no client"
        for row in found
        if not (row["schema"] == SCHEMA and row["name"] in tables)
    ]


def _columns(connection: Connection, role: str, tables: Sequence[Table]) -> Iterator[str]:
    """Privileges beyond reading the visible columns of granted tables."""
    writes = "insert, update, delete, truncate, references, trigger"
    for table in tables:
        if not table.visible:
            continue
        hidden = [name for name in table.columns if name not in table.visible]
        found = connection.rows(
            "select has_table_privilege(r.role, c.oid, ?) or"
            " has_any_column_privilege(r.role, c.oid, 'insert, update, references') as can_write,"
            " (select min(cast(a.attname as text)) from pg_attribute a where a.attrelid = c.oid"
            "  and cast(a.attname as text) = any(?)"
            "  and has_column_privilege(r.role, c.oid, a.attnum, 'select')) as hidden"
            " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " cross join (select cast(? as name) as role) r"
            " where n.nspname = ? and c.relname = ?",
            [writes, hidden, role, SCHEMA, table.name],
        )
        if found[0]["can_write"]:
            yield f"role {role} may write {SCHEMA}.{table.name}"
        if found[0]["hidden"]:
            yield f"role {role} may read {SCHEMA}.{table.name}.{found[0]['hidden']}, withheld from clients"


def _creates(connection: Connection, role: str) -> list[str]:
    found = connection.rows(
        "select 'schema ' || n.nspname as place from pg_namespace n"
        f" where {_FOREIGN} and has_schema_privilege(?, n.oid, 'create')"
        " union all select 'this database' from pg_database d where d.datname = current_database()"
        " and has_database_privilege(?, d.oid, 'create') order by 1",
        [role, role],
    )
    return [f"role {role} may create in {row['place']}" for row in found]


def _policies(connection: Connection, role: str) -> list[str]:
    found = connection.rows(
        "select p.tablename as name, p.policyname as policy from pg_policies p"
        " where p.schemaname = ? and p.permissive = 'PERMISSIVE' and not starts_with(p.policyname, ?)"
        " and exists (select 1 from unnest(cast(p.roles as text[])) o(name)"
        "  left join pg_roles r on r.rolname = o.name"
        "  where o.name = 'public' or pg_has_role(?, r.oid, 'member')) order by 1, 2",
        [SCHEMA, PREFIX, role],
    )
    return [
        f"role {role} sees rows of {SCHEMA}.{row['name']} by policy {row['policy']}, which is not winnow's"
        for row in found
    ]


def _blind(connection: Connection) -> list[dict[str, str]]:
    """Roles with a privilege of their own on a protected table for which no policy holds."""
    return connection.rows(
        "select distinct r.rolname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " cross join lateral aclexplode(c.relacl) a join pg_roles r on r.oid = a.grantee"
        " where n.nspname = ? and c.relkind = 'r' and c.relrowsecurity and a.privilege_type = 'SELECT'"
        " and not (r.rolsuper or r.rolbypassrls) and not exists ("
        "  select 1 from pg_policy p, unnest(p.polroles) o(oid) where p.polrelid = c.oid"
        "  and (o.oid = 0 or pg_has_role(r.oid, o.oid, 'usage'))) order by 1",
        [SCHEMA],
    )
