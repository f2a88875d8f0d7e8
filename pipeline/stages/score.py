"""Score: replies, titles and our own texts are read once each, every lead is scored, and people who are alike
are linked: the next build makes them one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pipeline.context import Context
from pipeline.errors import RunError
from pipeline.ledger import OpenStep
from pipeline.operations import keep_clock
from pipeline.stages.build import UNFINISHED, built_state
from warehouse import Connection

if TYPE_CHECKING:
    from pipeline.claude.settings import ClaudeSettings

Count = Callable[[Context, Connection], int]


def run(context: Context) -> None:
    """Label new replies, group new titles, read new texts, score all leads, link people who are alike."""
    from pipeline.steps import perform

    if context.ask(built_state) in (None, UNFINISHED):
        raise RunError("there are no finished facts to score; run `winnow build` first")
    for name, work in WORK.items():
        perform(context, "score", name, partial(_count, context, work))
        if name == REPLIES and context.config.claude and not context.warehouse.schema_prefix:
            asks = partial(_ask_claude, context, context.config.claude)
            perform(context, "score", "claude", asks, inputs={"model": context.config.claude.model})


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


def _ask_claude(context: Context, settings: ClaudeSettings, step: OpenStep) -> None:
    """Have read what the rules are unsure of; no connection is held while a batch is waited for."""
    from pipeline.claude.nightly import read_replies

    read = read_replies(context, settings)
    if read is None:
        return
    step.counts = read.counts()
    step.cost = f"{read.cost:f} USD" if read.cost else None
    with context.warehouse.connect() as connection:
        step.rows = _label_replies(context, connection)


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


REPLIES = "replies"

WORK: dict[str, Count] = {
    "scores at send": _keep_scores,
    REPLIES: _label_replies,
    "titles": _group_titles,
    "texts": _read_texts,
    "leads": _score_leads,
    "people": _match_people,
}
"""The steps in order; scores at send come first, while last night's scores still stand. After replies Claude
is asked, where winnow.yml says so."""
