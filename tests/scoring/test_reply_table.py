"""The table of reply labels: what is labelled when, and how judgements settle it; on every engine."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from scoring import reply_table
from scoring.replies import text_key
from scoring.reply_judgements import Judgement
from scoring.reply_table import LabelCounts, label_new
from warehouse import Connection, Warehouse

RUN_AT = datetime(2025, 12, 23, 4, 0, tzinfo=UTC)

REPLY_COLUMNS = {
    "reply_id": "integer",
    "subject": "text",
    "body": "text",
    "headers": "text",
    "received_at": "timestamptz",
    "text_hash": "text",
    "received_on": "date",
}


def given_replies(connection: Connection, *rows: tuple[Any, ...]) -> None:
    connection.create_table("facts.received_replies", REPLY_COLUMNS)
    connection.insert("facts.received_replies", list(REPLY_COLUMNS), [(*row, row[4].date()) for row in rows])


def test_new_texts_are_labelled_once_each(warehouse: Warehouse) -> None:
    morning, evening = datetime(2025, 12, 22, 8, tzinfo=UTC), datetime(2025, 12, 22, 23, 59, tzinfo=UTC)
    with warehouse.connect() as connection:
        given_replies(
            connection,
            (1, "Re: hi", "I'm out until 5 January, contact Bob", None, morning, "a"),
            (2, "Re: hi", "I'm out until 5 January, contact Bob", None, evening, "a"),
            (3, "Re: hi", "Sounds great", '{"Auto-Submitted": "auto-replied"}', morning, "b"),
            (4, None, None, None, morning, "c"),
            (
                5,
                "Re: hi",
                "I'm out until 5 January, contact Bob",
                None,
                datetime(2026, 1, 3, tzinfo=UTC),
                "a",
            ),
        )
        counts = label_new(connection, RUN_AT)
        rows = connection.rows("select * from scoring.reply_labels order by text_hash, received_on")
        again = label_new(connection, RUN_AT)
    assert counts == LabelCounts(4, 0, 0, {"auto_reply": 1, "out_of_office": 2, "unclear": 1}, {"rules": 4})
    assert [(row["text_hash"], row["received_on"], row["intent"]) for row in rows] == [
        ("a", date(2025, 12, 22), "out_of_office"),
        ("a", date(2026, 1, 3), "out_of_office"),
        ("b", date(2025, 12, 22), "auto_reply"),
        ("c", date(2025, 12, 22), "unclear"),
    ]
    assert rows[0]["return_on"] == rows[1]["return_on"] == date(2026, 1, 5)
    assert (rows[0]["labelled_at"], rows[0]["method"], rows[0]["topics"]) == (RUN_AT, "rules", "[]")
    assert again.labelled == 0


def test_batches_cover_everything(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_table, "BATCH", 2)
    with warehouse.connect() as connection:
        given_replies(connection, *((n, None, "Yes", None, RUN_AT, str(n)) for n in range(5)))
        assert label_new(connection, RUN_AT).by_intent == {"interested": 5}


def test_a_new_version_of_the_rules_relabels_everything(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        given_replies(connection, (1, None, "Yes", None, RUN_AT, "a"), (2, None, "Yes", None, RUN_AT, "b"))
        label_new(connection, RUN_AT)
        connection.execute("update scoring.reply_labels set rules_version = 'old', intent = 'objection'")
        counts = label_new(connection, RUN_AT)
        intents = connection.rows("select intent from scoring.reply_labels")
    assert (counts.labelled, counts.removed) == (2, 2)
    assert intents == [{"intent": "interested"}] * 2


def test_a_persons_label_counts_from_the_next_labelling_on(warehouse: Warehouse) -> None:
    said = Judgement(1, text_key("Blorp, blorp."), "person", None, {"intent": "objection"})
    with warehouse.connect() as connection:
        given_replies(
            connection, (1, None, "Blorp, blorp.", None, RUN_AT, "a"), (2, None, "Yes", None, RUN_AT, "b")
        )
        assert label_new(connection, RUN_AT).for_review == 1
        connection.insert(
            "scoring.reply_judgements",
            ["number", "text_key", "method", "label"],
            [(said.number, said.text_key, said.method, json.dumps(said.label))],
        )
        counts = label_new(connection, RUN_AT)
        rows = connection.rows("select intent, method, needs_review from scoring.reply_labels order by 1")
    assert (counts.labelled, counts.by_method) == (1, {"person": 1})
    assert [tuple(row.values()) for row in rows] == [
        ("interested", "rules", False),
        ("objection", "person", False),
    ]
