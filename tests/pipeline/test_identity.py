"""Decisions about who is who: kept once, replayed in their order."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.engine import Engine

from pipeline.identity import DIFFERENT, HAND, MODEL, SAME, Link, append, decided, replay

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def link(decision: str, left: str, right: str, kind: str = SAME, method: str = HAND) -> Link:
    return Link(decision, left, right, kind, method, NOON, "somebody", score=0.995, version="1")


def test_a_pair_that_was_decided_is_none_of_the_models(state: Engine) -> None:
    by_model = link("m", "a", "b", method=MODEL)
    assert append(state, [by_model]) == 1
    assert append(state, [replace(by_model, score=0.999), link("n", "a", "c", method=MODEL)]) == 1
    assert append(state, [link("h", "a", "d", DIFFERENT)]) == 1
    assert append(state, [link("o", "a", "d", method=MODEL)]) == 0
    assert append(state, [link("h2", "a", "d")]) == 1  # a person may think again
    rows = list(decided(state))
    assert [(row.decision, row.score, row.decided_at) for row in rows][:2] == [
        ("m", 0.995, NOON),
        ("n", 0.995, NOON),
    ]
    assert [row.link_number for row in rows] == sorted(row.link_number for row in rows)


def test_a_later_decision_wins_and_takes_along_whoever_was_placed_with_it(state: Engine) -> None:
    append(state, [link("1", "a", "c", DIFFERENT), link("1", "b", "c", DIFFERENT)])
    append(state, [link("2", "a", "b", DIFFERENT)])
    assert replay(decided(state)).parts == {"a": "2:stays", "b": "2:goes", "c": "1:goes"}
    append(state, [link("3", "b", "d"), link("3", "c", "e")])
    assert replay(decided(state)).parts["d"] == "2:goes"
    append(state, [link("4", "a", "d")])
    links = replay(decided(state))
    assert links.parts == {
        **dict.fromkeys("abd", "2:stays"),
        **dict.fromkeys("ce", "1:goes"),
    }
    assert [(left, right) for _, left, right in links.joined] == [("b", "d"), ("c", "e"), ("a", "d")]
