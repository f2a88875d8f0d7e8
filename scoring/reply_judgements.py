"""What a model or a person said of a reply's text, and how it settles what the rules made of it.

Judgements are decisions: they live in the state database (pipeline/judgements.py), a numbered row each, and
are told to the warehouse as scoring.reply_judgements before replies are labelled.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from scoring.dates import return_date
from scoring.replies import UNSURE, ReplyLabel, conclude

if TYPE_CHECKING:
    from warehouse import Connection

TABLE = "scoring.reply_judgements"
COLUMNS = {"number": "bigint", "text_key": "text", "method": "text", "model": "text", "label": "text"}

CHOSEN = "coalesce(max(number) filter (where method = 'person'), max(number))"
"""The number of the judgement of a text that counts: a person's, else a model's, the newest."""

MODEL, PERSON = "model", "person"
FROM_MODEL = (
    *("intent", "is_opt_out", "is_positive", "sentiment", "sentiment_score", "objection_type"),
    *("rejection_reason", "question", "topics", "referred_contact", "confidence"),
)
"""Fields of a label that a model says; it gives `return_on_text` too, a date as written. All else follows."""

FROM_PERSON = ("intent", "is_opt_out", "is_positive")


@dataclass(frozen=True)
class Judgement:
    """One row of scoring.reply_judgements. method: model or person. label: the fields that were said."""

    number: int
    text_key: str
    method: str
    model: str | None
    label: Mapping[str, Any]


def ensure_table(connection: Connection) -> None:
    """Create scoring.reply_judgements where it is missing."""
    connection.create_table(TABLE, COLUMNS, primary_key=["number"])


def of_texts(connection: Connection, text_keys: Collection[str]) -> dict[str, Judgement]:
    """Return the judgement of each of a batch of texts that has one."""
    keys = sorted(text_keys)
    marks = ", ".join("?" for _ in keys)
    rows = connection.rows(
        f"select number, text_key, method, model, label from {TABLE} where number in"
        f" (select {CHOSEN} from {TABLE} where text_key in ({marks}) group by text_key)",
        keys,
    )
    return {
        row["text_key"]: Judgement(
            row["number"], row["text_key"], row["method"], row["model"], json.loads(row["label"])
        )
        for row in rows
    }


def settle(ruled: ReplyLabel, judgement: Judgement | None, received_on: date) -> ReplyLabel:
    """Return the label that counts: a person's, else the rules' where they are sure, else a model's.

    Rules that read an opt-out or an automatic mail are never overruled by a model: the cost of writing to
    somebody who asked us to stop is not one that a mistake of a model may cause. Nor is a model believed
    about a text that gives orders to machines. What a model is unsure of is unclear, for review.
    """
    if judgement is None:
        return ruled
    if judgement.method == PERSON:
        said = {name: judgement.label[name] for name in FROM_PERSON if name in judgement.label}
        return conclude(replace(ruled, **said, confidence=1.0, method=PERSON, model=None))
    if ruled.is_opt_out or ruled.has_orders or not ruled.is_human or not ruled.is_unsure:
        return ruled
    said = {name: judgement.label[name] for name in FROM_MODEL if name in judgement.label}
    said["topics"] = tuple(said.get("topics", ruled.topics))
    written = judgement.label.get("return_on_text")
    said["return_on"] = return_date(f"until {written}", received_on) if written else ruled.return_on
    if said.get("confidence", 1.0) < UNSURE:
        said |= {"intent": "unclear", "is_positive": False}
    return conclude(replace(ruled, **said, method=MODEL, model=judgement.model))
