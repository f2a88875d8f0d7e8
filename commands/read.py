"""Commands that read what is published; they work while a run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.options import Settings, common

if TYPE_CHECKING:
    from pipeline.read import LeadView

TIERS = ("hot", "warm", "cool", "cold", "dead")


@click.command()
@click.option("--client", required=True, help="Client, by its id in winnow.yml.")
@click.option("--tier", type=click.Choice(TIERS), help="Only this tier.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@common
def leads(settings: Settings, client: str, tier: str | None, limit: int) -> None:
    """List a client's leads, best score first.

    \b
    Example:
      winnow leads --client acme --tier hot
    """
    from commands.show import rows_json, table
    from pipeline import read

    rows = read.leads(settings.warehouse, settings.config, client, tier, limit)
    columns = {
        "score": "score",
        "tier": "tier",
        "email": "email",
        "title": "title",
        "company_name": "company",
        "status": "status",
        "owner_client": "owner",
        "touch_count": "touches",
    }
    settings.show(rows_json(rows), table(rows, columns) if rows else "no leads")


@click.command()
@click.argument("email")
@common
def lead(settings: Settings, email: str) -> None:
    """Show one lead: whose it is, what it was sent, its score and why.

    \b
    Example:
      winnow lead ada@example.com
    """
    from pipeline import read

    view = read.lead(settings.warehouse, settings.config, email)
    settings.show(view.as_json(), _lead_text(view))


@click.command()
@click.argument("what", type=click.Choice(("leads", "companies", "contacts")))
@click.option("--client", required=True, help="Client, by its id in winnow.yml.")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="CSV file to write."
)
@common
def export(settings: Settings, what: str, client: str, out: Path) -> None:
    """Write a client's leads, companies or contacts to a CSV file.

    \b
    Example:
      winnow export contacts --client acme --out contacts.csv
    """
    from pipeline import export as exports
    from scoring.als_points import load_points

    config = settings.config
    config.client(client)
    with settings.warehouse.published(config.state_dir) as reader:
        if what == "leads":
            count = exports.export_leads(reader, client, out)
        elif what == "contacts":
            count = exports.export_contacts(reader, client, out)
        else:
            points = load_points(config.als).of(client)
            count = exports.export_companies(reader, client, out, points=points)
    settings.show({"file": str(out), "rows": count}, f"{count:,} {what} written to {out}")


@click.command()
@click.option("--runs", "limit", type=click.IntRange(min=1), default=5, show_default=True, help="How many.")
@click.option("--request", help="Show this request of `pool populate` or `list build`, by its id.")
@common
def status(settings: Settings, limit: int, request: str | None) -> None:
    """Show what is published, what runs now, and the last runs.

    \b
    Example:
      winnow status
      winnow status --request 4f2a
    """
    from commands.pool import open_line, show_request
    from commands.show import table
    from pipeline.status import status as look

    if request:
        show_request(settings, request)
        return
    found = look(settings.config, settings.warehouse, limit)
    columns = {
        "started_at": "started",
        "command": "command",
        "run_at": "clock",
        "outcome": "outcome",
        "seconds": "seconds",
        "error": "error",
    }
    lines = [found.published_line, found.running_line]
    lines += [f"paused: {line}" for line in found.paused]
    lines += [f"checks: {found.data_docs}"] if found.data_docs else []
    lines += [open_line(list(found.requests))] if found.requests else []
    lines.append(table(found.runs, columns) if found.runs else "no run yet")
    settings.show(found.as_json(), "\n".join(lines))


def _lead_text(view: LeadView) -> str:
    from commands.show import table

    person = view.person
    name = " ".join(part for part in (person["first_name"], person["last_name"]) if part)
    lines = [f"{name or 'nobody by name'} <{person['email']}>"]
    if person["title"] or person["company_name"]:
        lines.append(f"  {person['title'] or '–'} at {person['company_name'] or '–'}")
    flags = [word for word, is_set in _flags(person).items() if is_set]
    if flags:
        lines.append(f"  {', '.join(flags)}")
    for row in view.clients:
        lines += _client_lines(row)
    if view.touches:
        columns = {
            "sent_at": "sent",
            "client": "client",
            "campaign": "campaign",
            "step_number": "step",
            "variant": "variant",
            "subject": "subject",
        }
        lines += ["touches", table(view.touches, columns)]
    if view.replies:
        columns = {"received_at": "received", "intent": "intent", "subject": "subject"}
        lines += ["replies", table(view.replies, columns)]
    return "\n".join(lines)


def _flags(person: dict[str, Any]) -> dict[str, bool]:
    return {"bounced": bool(person["is_bounced"]), "unsubscribed": bool(person["is_unsubscribed"])}


def _client_lines(row: dict[str, Any]) -> list[str]:
    owner = f"owned by {row['owner_client']}" if row["owner_client"] else "owned by nobody"
    lines = [f"for {row['client']}: {row['status']}, {owner}, {row['touch_count']} touches"]
    if row["score"] is not None:
        lines.append(
            f"  score {row['score']} ({row['tier']}), {float(row['als_coverage']):.0%} of it known, because"
        )
        lines += [f"    {points:+4d}  {label}" for label, points in row["waterfall"]]
        lines.append(f"    {row['score']:4d}  in all")
    return lines
