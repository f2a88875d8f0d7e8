"""`winnow grant` and `winnow revoke`: who may read what on a PostgreSQL server."""

from __future__ import annotations

import click

from commands.options import Settings, common

client_option = click.option("--client", help="Client whose rows, by its id in winnow.yml.")
all_option = click.option("--all", "is_all", is_flag=True, help="All rows of all tables, for the agency.")
role_option = click.option("--role", help="Role of the server; it must be there already.")


@click.command()
@client_option
@all_option
@role_option
@click.option("--list", "is_list", is_flag=True, help="Show the grants that stand.")
@common
def grant(settings: Settings, client: str | None, is_all: bool, role: str | None, is_list: bool) -> None:
    """Let a role of the PostgreSQL server read a client's published rows.

    \b
    Example:
      winnow grant --client acme --role acme_reader
      winnow grant --all --role analyst
      winnow grant --list
    """
    from commands.show import table
    from pipeline import grants
    from pipeline.summarise import plain

    if is_list:
        if client or is_all or role:
            raise click.UsageError("--list goes with no other option")
        rows = grants.listed(settings.config, settings.warehouse)
        columns = {"role": "role", "client": "client", "granted_at": "granted", "problem": "problem"}
        shown = [row | {"client": row["client"] or "(all)", "problem": row["problem"] or ""} for row in rows]
        settings.show(
            [{name: plain(value) for name, value in row.items()} for row in rows],
            table(shown, columns) if rows else "no grants",
        )
        return
    name = _check(client, is_all, role)
    tables = grants.grant(settings.config, settings.warehouse, client, name)
    whose = f"client {client}'s rows" if client else "all rows"
    settings.show(
        {"role": name, "client": client, "tables": tables},
        f"role {name} reads {whose} of {len(tables)} tables",
    )


@click.command()
@client_option
@all_option
@role_option
@common
def revoke(settings: Settings, client: str | None, is_all: bool, role: str | None) -> None:
    """Take back what `winnow grant` gave to a role.

    \b
    Example:
      winnow revoke --client acme --role acme_reader
      winnow revoke --all --role analyst
    """
    from pipeline import grants

    name = _check(client, is_all, role)
    grants.revoke(settings.config, settings.warehouse, client, name)
    whose = f"client {client}'s" if client else "all"
    settings.show({"role": name, "client": client}, f"role {name} reads {whose} rows no longer")


def _check(client: str | None, is_all: bool, role: str | None) -> str:
    if bool(client) == is_all:
        raise click.UsageError("say whose rows: --client CLIENT or --all")
    if not role:
        raise click.UsageError("say which role: --role ROLE")
    return role
