"""scoring.reply_labels: each distinct reply text and day with what it says, by rules, model or person."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from scoring import reply_judgements
from scoring.replies import ReplyLabel, label, rules_version
from scoring.reply_judgements import Judgement, settle

if TYPE_CHECKING:
    from warehouse import Connection

TABLE = "scoring.reply_labels"
COLUMNS = {
    "text_hash": "text",
    "received_on": "date",
    "intent": "text",
    "is_opt_out": "boolean",
    "is_human": "boolean",
    "is_positive": "boolean",
    "sentiment": "text",
    "sentiment_score": "decimal(4, 3)",
    "objection_type": "text",
    "rejection_reason": "text",
    "question": "text",
    "topics": "text",
    "return_on": "date",
    "referred_contact": "text",
    "requires_response": "boolean",
    "suggested_action": "text",
    "confidence": "decimal(4, 3)",
    "needs_review": "boolean",
    "method": "text",
    "model": "text",
    "rules_version": "text",
    "text": "text",
    "text_key": "text",
    "language": "text",
    "bounce_type": "text",
    "bounce_code": "text",
    "bounce_reason": "text",
    "is_complaint": "boolean",
    "has_orders": "boolean",
    "judgement": "bigint",
    "labelled_at": "timestamptz",
}
"""ReplyLabel's fields, and what they were made of. judgement: the one that was looked at, counted or not."""

BATCH = 5_000


@dataclass(frozen=True)
class LabelCounts:
    """What one labelling did: labels written, how many are for review, old labels removed; counts by kind."""

    labelled: int
    for_review: int
    removed: int
    by_intent: Mapping[str, int]
    by_method: Mapping[str, int]


def ensure_tables(connection: Connection) -> None:
    """Create the tables of labels and judgements where they are missing, or have other columns."""
    if connection.table_exists(TABLE) and set(connection.columns(TABLE)) != set(COLUMNS):
        connection.execute(f"drop table {TABLE}")
    connection.create_table(TABLE, COLUMNS, primary_key=["text_hash", "received_on"])
    reply_judgements.ensure_table(connection)


def label_new(connection: Connection, run_at: datetime) -> LabelCounts:
    """Label the texts of facts.received_replies that are not labelled yet, or not by what is known now.

    A text is known by its hash and the UTC day it came. Labels by other versions of the rules are removed and
    made anew, as are those that a newer judgement concerns. Works in batches, so that memory stays bounded
    and a second call goes on where a first was stopped.
    """
    ensure_tables(connection)
    removed = connection.execute(f"delete from {TABLE} where rules_version <> ?", [rules_version()])
    removed += connection.execute(_DELETE_JUDGED)
    intents: Counter[str] = Counter()
    methods: Counter[str] = Counter()
    for_review = 0
    while rows := connection.rows(_UNLABELLED, [BATCH]):
        ruled = [_label_row(row) for row in rows]
        judged = reply_judgements.of_texts(connection, {found.text_key for found in ruled})
        settled = [
            settle(found, judged.get(found.text_key), row["received_on"])
            for row, found in zip(rows, ruled, strict=True)
        ]
        connection.insert(
            TABLE,
            list(COLUMNS),
            [
                _values(row, found, judged.get(found.text_key), run_at)
                for row, found in zip(rows, settled, strict=True)
            ],
        )
        intents.update(found.intent for found in settled)
        methods.update(found.method for found in settled)
        for_review += sum(found.needs_review for found in settled)
    return LabelCounts(
        intents.total(),
        for_review,
        max(removed, 0),
        dict(sorted(intents.items())),
        dict(sorted(methods.items())),
    )


_DELETE_JUDGED = f"""
    delete from {TABLE}
    where judgement is distinct from (
        select {reply_judgements.CHOSEN}
        from {reply_judgements.TABLE} as judgements
        where judgements.text_key = reply_labels.text_key
    )
"""

_UNLABELLED = f"""
    select
        texts.text_hash,
        texts.received_on,
        min(texts.subject) as subject,
        min(texts.body) as body,
        min(texts.headers) as headers
    from facts.received_replies as texts
    left join {TABLE} as labels
        on texts.text_hash = labels.text_hash and texts.received_on = labels.received_on
    where labels.text_hash is null and texts.text_hash is not null
    group by texts.text_hash, texts.received_on
    order by texts.text_hash, texts.received_on
    limit ?
"""


def _label_row(row: Mapping[str, Any]) -> ReplyLabel:
    headers = json.loads(row["headers"]) if row["headers"] else None
    return label(
        row["subject"], row["body"], headers if isinstance(headers, dict) else None, row["received_on"]
    )


def _values(
    row: Mapping[str, Any], found: ReplyLabel, judgement: Judgement | None, run_at: datetime
) -> Sequence[Any]:
    own = dict(zip((field.name for field in fields(found)), astuple(found), strict=True))
    own |= {
        "text_hash": row["text_hash"],
        "received_on": row["received_on"],
        "sentiment_score": Decimal(str(found.sentiment_score)),
        "confidence": Decimal(str(found.confidence)),
        "topics": json.dumps(found.topics),
        "judgement": judgement.number if judgement else None,
        "labelled_at": run_at,
    }
    return tuple(own[name] for name in COLUMNS)
