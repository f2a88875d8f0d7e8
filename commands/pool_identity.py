"""`winnow pool merge` and `winnow pool split`: say that two leads are one person, or that one is two."""

from __future__ import annotations

import click

from commands.options import Settings, common

NEXT = "the next `winnow run` (or `winnow build`) acts on it"


@click.command()
@click.argument("left", metavar="LEAD")
@click.argument("right", metavar="LEAD")
@click.option("--reason", default="", help="Why; it is kept with the decision.")
@common
def merge(settings: Settings, left: str, right: str, reason: str) -> None:
    """Decide that two leads are one person.

    A lead is named by its id, also a former one, by an e-mail address, or by a key of its own such as
    apollo:ID. The id that was there first stays; the other one is found in lead_aliases.

    \b
    Example:
      winnow pool merge ada@x.example ada.l@y.example --reason "she told us"
    """
    from pipeline import identity_hand

    done = identity_hand.merge(settings.config, settings.warehouse, left, right, reason.strip())
    settings.show(
        done.as_json(), f"leads {done.left_lead_id} and {done.right_lead_id} are one person; {NEXT}"
    )


@click.command()
@click.argument("left", metavar="LEAD")
@click.argument("right", required=False, metavar="[LEAD]")
@click.option("--reason", default="", help="Why; it is kept with the decision.")
@common
def split(settings: Settings, left: str, right: str | None, reason: str) -> None:
    """Decide that a lead is two people.

    Two names: the first stays, the second goes, each with the keys that are nearer to it. One address or key:
    that one goes. A lead id alone takes back the last link in it that the model or a person made. Nothing
    that is loaded later joins them again; `winnow pool merge` does.

    \b
    Example:
      winnow pool split ada@x.example bo@x.example --reason "a shared mailbox"
      winnow pool split bo@x.example
    """
    from pipeline import identity_hand

    done = identity_hand.split(settings.config, settings.warehouse, left, right, reason.strip())
    stays, goes = ", ".join(done.stays), ", ".join(done.other)
    settings.show(done.as_json(), f"lead {done.left_lead_id} is two people; {NEXT}\n  {stays}\n  {goes}")
