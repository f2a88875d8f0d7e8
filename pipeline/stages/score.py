"""Score: replies and titles are read once a distinct text, then every lead is scored."""

from __future__ import annotations

from pipeline.context import Context
from pipeline.errors import RunError
from pipeline.stages.build import UNFINISHED, built_state


def run(context: Context) -> None:
    """Label new replies, group new titles, score all pairs of lead and client."""
    from pipeline.decisions import keep_scores_at_send
    from scoring.als import score_all
    from scoring.replies import label_new
    from scoring.titles import classify_new

    with context.warehouse.connect() as connection:
        if built_state(connection) in (None, UNFINISHED):
            raise RunError("there are no finished facts to score; run `winnow build` first")
        with context.ledger.step("score", "scores at send") as step:
            step.rows = keep_scores_at_send(context.state, connection, context.run_id)
        with context.ledger.step("score", "replies") as step:
            step.rows = label_new(connection, context.run_at).labelled
        with context.ledger.step("score", "titles") as step:
            step.rows = classify_new(connection)
        with context.ledger.step("score", "leads") as step:
            step.rows = score_all(connection, context.config, context.run_at).scored
