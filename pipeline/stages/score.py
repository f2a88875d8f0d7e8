"""Score: replies, titles and our own texts are read once each, every lead is scored, and people who are alike
are linked: the next build makes them one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pipeline.context import Context
from pipeline.errors import RunError
from pipeline.ledger import OpenStep
from pipeline.operations import keep_clock
from pipeline.stages.build import UNFINISHED, built_state
from warehouse import Connection

Count = Callable[[Context, Connection], int]


def run(context: Context) -> None:
    """Label new replies, group new titles, read new texts, score all leads, link people who are alike."""
    from pipeline.steps import perform

    if context.ask(built_state) in (None, UNFINISHED):
        raise RunError("there are no finished facts to score; run `winnow build` first")
    for name, work in WORK.items():
        perform(context, "score", name, partial(_count, context, work))


def _count(context: Context, work: Count, step: OpenStep) -> None:
    with context.warehouse.connect() as connection:
        step.rows = work(context, connection)


def _keep_scores(context: Context, connection: Connection) -> int:
    from pipeline.decisions import keep_scores_at_send

    return keep_scores_at_send(context.state, connection, context.run_id)


def _label_replies(context: Context, connection: Connection) -> int:
    from pipeline import judgements
    from scoring.reply_table import label_new

    if not context.warehouse.schema_prefix:  # a rebuild knows what scratch.prepare told it
        judgements.tell(context.state, connection)
    return label_new(connection, context.run_at).labelled


def _group_titles(_context: Context, connection: Connection) -> int:
    from scoring.titles import classify_new

    return classify_new(connection)


def _read_texts(_context: Context, connection: Connection) -> int:
    from scoring.content import read_new

    return read_new(connection)


def _match_people(context: Context, connection: Connection) -> int:
    from pipeline.identity import propose

    if context.warehouse.schema_prefix:  # a rebuild decides nothing
        return 0
    return propose(context.state, connection, context.run_at)


def _score_leads(context: Context, connection: Connection) -> int:
    from scoring.als import score_all

    scored = score_all(connection, context.config, context.run_at).scored
    keep_clock(connection, "score", context.run_at)
    return scored


WORK: dict[str, Count] = {
    "scores at send": _keep_scores,
    "replies": _label_replies,
    "titles": _group_titles,
    "texts": _read_texts,
    "leads": _score_leads,
    "people": _match_people,
}
"""The steps in order; scores at send come first, while last night's scores still stand."""
