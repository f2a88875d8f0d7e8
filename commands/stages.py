"""`winnow run` and one command a stage."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.options import Settings, Time, common, end_progress, leave, progress_bar

if TYPE_CHECKING:
    from pipeline.context import Options
    from pipeline.stages import Stage
    from pipeline.summary import RunSummary

STAGES = ("load", "build", "score", "answer", "learn", "publish", "act")

at_option = click.option("--at", type=Time(), help="The run's clock, UTC.  [default: now]")


@click.command()
@click.option("--only", type=click.Choice(STAGES), help="Run this stage alone.")
@click.option("--from", "from_", type=click.Choice(STAGES), help="Run from this stage to the end.")
@at_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--new-ledger", is_flag=True, help="Go on though the ledger of a filled warehouse is empty.")
@common
def run(
    settings: Settings,
    only: str | None,
    from_: str | None,
    at: datetime | None,
    dry_run: bool,
    new_ledger: bool,
) -> None:
    """Load, build, score, answer, learn, publish and act: the night's work.

    A run that was cut off is gone on with from its last finished step.

    Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 the gate refused to publish, 4 needs a decision,
    5 published but a source is missing, 75 another run holds the warehouse.

    \b
    Example:
      winnow run
      winnow run --from build --at 2026-03-06T02:00
    """
    from pipeline.context import Options
    from pipeline.stages import Stage

    if only and from_:
        raise click.UsageError("--only and --from exclude each other")
    chosen_only, chosen_from = (Stage(only) if only else None), (Stage(from_) if from_ else None)
    if dry_run:
        from pipeline.plan import plan

        planned = plan(settings.config, settings.warehouse, chosen_only, chosen_from, at)
        settings.show(planned.as_json(), planned.text())
        return
    options = Options(is_new_ledger=new_ledger)
    perform(settings, "run", only=chosen_only, from_=chosen_from, at=at, options=options)


@click.command()
@click.argument("what", nargs=-1, metavar="[SOURCE…|files DIR]")
@click.option("--since", type=Time(), help="Read from this moment on, instead of where the last load ended.")
@click.option("--until", type=Time(), help="Read up to this moment.")
@click.option("--limit", type=click.IntRange(min=1), help="Read at most so many records a resource.")
@click.option("--account", help="Files: the name to keep them under, one a tool that they come from.")
@at_option
@common
def load(
    settings: Settings,
    what: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    account: str | None,
    at: datetime | None,
) -> None:
    """Load from providers, or import a folder of files.

    \b
    Example:
      winnow load
      winnow load smartlead hubspot --since 2026-03-01
      winnow load files exports/
      winnow load files crm_export/ --account crm
    """
    from pipeline.context import Options

    files_dir = None
    if what[:1] == ("files",):
        if len(what) != 2:
            raise click.UsageError("name one folder: winnow load files DIR")
        files_dir, what = Path(what[1]), ()
    elif account:
        raise click.UsageError("--account names a folder of files: winnow load files DIR --account NAME")
    if since and until and since >= until:
        raise click.UsageError("--since must lie before --until")
    options = Options(
        sources=what,
        files_dir=files_dir,
        files_account=account or "files",
        since=since,
        until=until,
        limit=limit,
    )
    perform(settings, "load", only="load", at=at, options=options)


@click.command()
@click.option("--full-refresh", is_flag=True, help="Build every table anew instead of what has changed.")
@click.option("--select", multiple=True, metavar="NODE", help="Build only these dbt nodes; may be repeated.")
@at_option
@common
def build(settings: Settings, full_refresh: bool, select: tuple[str, ...], at: datetime | None) -> None:
    """Build the facts from what was loaded, with their checks.

    \b
    Example:
      winnow build
      winnow build --full-refresh
      winnow build --select +lead_pool
    """
    from pipeline.context import Options

    options = Options(full_refresh=full_refresh, select=select)
    perform(settings, "build", only="build", at=at, options=options)


@click.command()
@at_option
@common
def score(settings: Settings, at: datetime | None) -> None:
    """Read new replies and titles, and score every lead.

    \b
    Example:
      winnow score
    """
    perform(settings, "score", only="score", at=at)


@click.command()
@at_option
@common
def answer(settings: Settings, at: datetime | None) -> None:
    """Build the answers (leads, funnel, experiments) from facts and scores.

    \b
    Example:
      winnow answer
    """
    perform(settings, "answer", only="answer", at=at)


@click.command()
@at_option
@common
def learn(settings: Settings, at: datetime | None) -> None:
    """Run all detectors over the answers.

    \b
    Example:
      winnow learn
    """
    perform(settings, "learn", only="learn", at=at)


@click.command()
@click.option("--client", help="Publish nothing; write this client's rows of what is published to a file.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --client: the file.  [default: published-CLIENT.duckdb in state_dir, kept up to date]",
)
@click.option("--accept", multiple=True, metavar="CHECK", help="Pass over this failed check; repeatable.")
@click.option("--reason", default="", help="With --accept: why; it is kept in the ledger.")
@at_option
@common
def publish(
    settings: Settings,
    client: str | None,
    out: Path | None,
    accept: tuple[str, ...],
    reason: str,
    at: datetime | None,
) -> None:
    """Check the tables, then make them what readers see, all together.

    A check that was accepted is passed over this once; the next publish looks at it again.

    \b
    Example:
      winnow publish
      winnow publish --accept rows.facts.deals --reason "old portal was closed"
      winnow publish --client acme
    """
    from pipeline.context import Options

    if bool(accept) != bool(reason.strip()):
        raise click.UsageError("--accept and --reason go together: say what is passed over, and why")
    if accept and client:
        raise click.UsageError("--accept and --client exclude each other")
    if client:
        from pipeline import client_files

        path, rows = client_files.write(settings.config, settings.warehouse, client, out)
        settings.show({"file": str(path), "rows": rows}, f"{rows:,} rows of {client} written to {path}")
        return
    if out:
        raise click.UsageError("--out goes with --client")
    options = Options(accept=accept, reason=reason.strip())
    perform(settings, "publish", only="publish", at=at, options=options)


@click.command()
@at_option
@common
def act(settings: Settings, at: datetime | None) -> None:
    """Write the report page from what is published.

    \b
    Example:
      winnow act
    """
    perform(settings, "act", only="act", at=at)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME…]")
@at_option
@common
def detect(settings: Settings, names: tuple[str, ...], at: datetime | None) -> None:
    """Run detectors and show what they found; `winnow publish` makes it public.

    \b
    Example:
      winnow detect
      winnow detect who
    """
    from pipeline.context import Options

    perform(settings, "detect", only="learn", at=at, options=Options(detectors=names), is_shown=False)
    from commands.show import findings_text
    from pipeline.summarise import warehouse_findings

    found = warehouse_findings(settings.warehouse)
    settings.show(list(found), findings_text(found))


def perform(
    settings: Settings,
    command: str,
    *,
    only: Stage | str | None = None,
    from_: Stage | str | None = None,
    at: datetime | None = None,
    options: Options | None = None,
    is_shown: bool = True,
) -> RunSummary:
    """Run stages, print the summary, and leave with the run's exit code unless it is 0."""
    from commands.show import summary_text
    from pipeline.run import run as run_stages
    from pipeline.stages import Stage

    stages: dict[str, Any] = {
        "only": Stage(only) if only else None,
        "from_": Stage(from_) if from_ else None,
    }
    summary = run_stages(
        settings.config,
        settings.warehouse,
        command=command,
        at=at,
        options=options,
        progress=progress_bar(),
        **stages,
    )
    end_progress()
    if is_shown or summary.exit_code:
        settings.show(summary.as_json(), summary_text(summary))
    leave(summary.failures, summary.exit_code)
    return summary
