"""`winnow replies`: what people write back, what it is taken for, and what people say it means."""

from __future__ import annotations

import io
from pathlib import Path

import click

from commands import replies_evaluate, replies_review
from commands.options import Settings, common


@click.group(invoke_without_command=True)
@click.option("--client", help="Only this client's.")
@click.option("--intent", help="Only this intent, such as interested or question.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@common
def replies(settings: Settings, client: str | None, intent: str | None, limit: int) -> None:
    """List the newest replies with what they say; label them, judge the labels.

    \b
    Example:
      winnow replies --client acme --intent interested
      winnow replies review
      winnow replies evaluate
    """
    from commands.show import rows_json, table
    from pipeline import read

    context = click.get_current_context()
    if context.invoked_subcommand:
        _refuse_options(context)
        return
    rows = read.replies(settings.warehouse, settings.config, client, intent, limit)
    columns = {
        "id": "id",
        "received_at": "received",
        "client": "client",
        "intent": "intent",
        "confidence": "confidence",
        "from_email": "from",
        "subject": "subject",
    }
    shown = [row | {"id": row["reply_id"][: replies_review.SHORT]} for row in rows]
    settings.show(rows_json(rows), table(shown, columns) if rows else "no replies")


def _refuse_options(context: click.Context) -> None:
    """Refuse options that stand before a subcommand, which has its own: they would be lost in silence."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is click.core.ParameterSource.COMMANDLINE:
            option = parameter.opts[0]
            raise click.UsageError(f"write {option} after {context.invoked_subcommand}, not before it")


@click.command()
@click.argument("reply_id")
@click.argument("intent")
@click.option(
    "--opt-out/--no-opt-out", default=None, help="Whether it asks to stop.  [default: as it was read]"
)
@click.option("--positive", is_flag=True, help="Of a question: it is about price, terms, product or dates.")
@common
def label(settings: Settings, reply_id: str, intent: str, opt_out: bool | None, positive: bool) -> None:
    """Say what a reply means, by its id or the beginning of it.

    It counts for all replies with the same text, from the next `winnow score` (or `winnow run`) on.

    \b
    Example:
      winnow replies label 3f2c6c1e interested
      winnow replies label 3f2c6c1e objection --opt-out
      winnow replies label 3f2c6c1e question --positive
    """
    from pipeline import review

    name = review.intent_named(intent)
    reply = review.find(settings.config, settings.warehouse, reply_id)
    said = review.said(reply, name, is_opt_out=opt_out, is_positive=positive or None)
    with review.opened_state(settings.config, settings.warehouse) as state:
        review.keep_label(state, reply, said)
    line = (
        f"reply {reply.reply_id}: {replies_review.label_text(said)};"
        f" it counts for {replies_review.replies_text(reply)} {replies_review.NEXT}"
    )
    settings.show({"reply_id": reply.reply_id, "reply_count": reply.reply_count, **said}, line)


@click.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="CSV file to write.")
@common
def labels(settings: Settings, out: Path | None) -> None:
    """Show what people have said replies mean, as CSV.

    The newest label of each text; `winnow replies evaluate FILE` reads the file.

    \b
    Example:
      winnow replies labels
      winnow replies labels --out labels.csv
    """
    from commands.show import rows_json
    from pipeline import review
    from pipeline.export import write_csv, write_rows

    with review.opened_state(settings.config, settings.warehouse) as state:
        rows = review.labels(state)
    if out is not None:
        count = write_csv(out, review.LABEL_COLUMNS, rows)
        settings.show({"file": str(out), "rows": count}, f"{count:,} labels written to {out}")
        return
    text = io.StringIO(newline="")
    write_rows(text, review.LABEL_COLUMNS, rows)
    settings.show(rows_json(rows), text.getvalue().removesuffix("\n"))


for _command in (replies_review.review, label, labels, replies_evaluate.evaluate):
    replies.add_command(_command)
