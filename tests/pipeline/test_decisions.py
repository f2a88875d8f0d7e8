"""What was paid for is there when it is needed, and once."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from pipeline.decisions import PaidAnswerStore, keep_scores_at_send
from pipeline.state import open_state, scores_at_send
from warehouse import Warehouse

EARLY = datetime(2026, 1, 1, 12, 30, 15, tzinfo=UTC)
LATE = datetime(2026, 2, 1, tzinfo=UTC)


def test_known_gives_the_newest_refresh_of_what_was_answered(state: Engine) -> None:
    store = PaidAnswerStore(state)
    store.commit("apollo", "main", [("a", LATE, "{}", Decimal(1)), ("b", None, "null", Decimal(0))])
    store.commit("apollo", "other", [("a", EARLY, "{}", Decimal("0.5"))])
    assert store.spent == Decimal("1.5")
    assert store.known("apollo", ["a", "b", "c"]) == {"a": LATE, "b": None}
    assert store.known("elsewhere", ["a"]) == {}
    assert store.known("apollo", []) == {}


def test_more_keys_than_one_query_takes(state: Engine) -> None:
    store = PaidAnswerStore(state)
    keys = [f"k{i}" for i in range(1203)]
    store.commit("apollo", "main", [(key, EARLY, "{}", Decimal(1)) for key in keys])
    assert set(store.known("apollo", keys)) == set(keys)
    assert [key for _, key, _ in store.after("apollo", "main", 0)] == keys


def test_after_goes_on_where_it_was_left(state: Engine) -> None:
    store = PaidAnswerStore(state)
    store.commit("apollo", "main", [("a", None, '{"n": 1}', Decimal(1))])
    store.commit("apollo", "other", [("x", None, "{}", Decimal(1))])
    (first,) = store.after("apollo", "main", 0)
    store.commit("apollo", "main", [("a", LATE, '{"n": 2}', Decimal(1))])
    assert [(key, payload) for _, key, payload in store.after("apollo", "main", first[0])] == [
        ("a", '{"n": 2}')
    ]


def test_answers_outlive_the_process(warehouse: Warehouse, tmp_path: Path) -> None:
    engine = open_state(warehouse, tmp_path)
    PaidAnswerStore(engine).commit("apollo", "main", [("a", LATE, "{}", Decimal("0.5"))])
    engine.dispose()
    again = open_state(warehouse, tmp_path)
    assert PaidAnswerStore(again).known("apollo", ["a"]) == {"a": LATE}
    again.dispose()


LEAD = "11111111-1111-1111-1111-111111111111"
UNTOUCHED = "11111111-1111-1111-1111-111111111112"
CLIENT = "22222222-2222-2222-2222-222222222222"
NIGHT_BEFORE = datetime(2026, 3, 5, 2, tzinfo=UTC)


def test_new_messages_keep_the_score_they_were_sent_with(warehouse: Warehouse, state: Engine) -> None:
    """Not those sent before there was a score (imported history), nor those of leads that nothing touched."""
    messages = [
        ("33333333-0000-0000-0000-000000000001", LEAD, NIGHT_BEFORE.replace(hour=9)),
        ("33333333-0000-0000-0000-000000000002", LEAD, NIGHT_BEFORE.replace(hour=1)),
        ("33333333-0000-0000-0000-000000000003", UNTOUCHED, NIGHT_BEFORE.replace(hour=9)),
    ]
    with warehouse.connect() as connection:
        assert keep_scores_at_send(state, connection, "tonight") == 0
        connection.replace("intermediate.touched_leads", {"lead_id": "uuid"}, [(LEAD,)])
        connection.replace(
            "facts.messages",
            {
                "message_id": "uuid",
                "lead_id": "uuid",
                "client_id": "uuid",
                "sent_at": "timestamptz",
            },
            [(number, lead, CLIENT, sent) for number, lead, sent in messages],
        )
        connection.replace(
            "scoring.als_scores",
            {
                "lead_id": "uuid",
                "client_id": "uuid",
                "score": "integer",
                "tier": "text",
                "weights_version": "text",
                "scored_at": "timestamptz",
            },
            [(lead, CLIENT, 77, "warm", "v1", NIGHT_BEFORE) for lead in (LEAD, UNTOUCHED)],
        )
        assert keep_scores_at_send(state, connection, "tonight") == 1
        assert keep_scores_at_send(state, connection, "tonight again") == 0
    with state.connect() as found:
        (row,) = found.execute(sa.select(scores_at_send)).mappings().all()
    assert (row["message_id"], row["score"], row["tier"], row["run_id"]) == (
        messages[0][0],
        77,
        "warm",
        "tonight",
    )
