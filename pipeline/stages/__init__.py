"""The stages of a run. A stage reads what stands above it and does not know who called it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class Stage(StrEnum):
    """A stage, in the order in which a run goes through them."""

    LOAD = "load"
    BUILD = "build"
    SCORE = "score"
    ANSWER = "answer"
    LEARN = "learn"
    PUBLISH = "publish"
    ACT = "act"


def chosen(only: Stage | None = None, from_: Stage | None = None) -> Sequence[Stage]:
    """Return the stages to run: all, one, or from one onwards."""
    if only is not None:
        return (only,)
    stages = tuple(Stage)
    return stages[stages.index(from_) :] if from_ is not None else stages
