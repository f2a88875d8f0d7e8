"""A step that dies by SIGKILL: `python -m tests.pipeline.claude.victim FOLDER URL MOMENT`."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.claude import results
from pipeline.config import Config
from pipeline.context import Context
from pipeline.ledger import Ledger, OpenStep
from pipeline.stages.score import _ask_claude
from pipeline.state import open_state
from tests.pipeline.claude.world import BUDGET, RUN_AT
from tests.victim import AFTER, after
from warehouse import open_warehouse

MOMENTS = {
    "intended": ("pipeline.claude.store", "Store.intend"),
    "taken": ("pipeline.claude.client", "Claude.create"),
    "submitted": ("pipeline.claude.store", "Store.submitted"),
    "half": ("pipeline.claude.store", "Store.settle"),
    "collected": ("pipeline.claude.store", "Store.finish"),
    "told": ("pipeline.judgements", "tell"),
}
"""What has just been done, though nothing that follows has."""


def main(folder: Path, url: str, moment: str) -> None:
    """Ask Claude of the sandbox at `url` about the replies in the warehouse of `folder`, until `moment`."""
    AFTER.update(MOMENTS)
    results.PIECE = 2
    if moment:
        after(moment)
    claude = BUDGET | {"base_url": url, "poll_seconds": 0.01, "doubt_minutes": 0}
    config = Config.model_validate({"agency": {"name": "Test"}, "claude": claude})
    warehouse = open_warehouse(folder)
    state = open_state(warehouse, folder / "state")
    context = Context(config, warehouse, state, Ledger(state, "day 0"), RUN_AT)
    assert config.claude is not None
    _ask_claude(context, config.claude, OpenStep())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
