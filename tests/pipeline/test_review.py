"""People say what replies mean: whom they are asked about, and from when it counts; on every engine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline import judgements, review
from pipeline.config import Config, load_config
from pipeline.errors import UsageError
from scoring.reply_judgements import MODEL
from scoring.reply_table import label_new
from tests.pipeline.replies_world import CONFIG, Replies
from tests.scoring.test_reply_table import given_replies
from warehouse import Warehouse

NIGHT = datetime(2026, 3, 2, 2, tzinfo=UTC)
TWICE, ONCE = "That ship may have sailed.", "We crossed that bridge in spring."
"""Texts that rules are unsure of."""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Clients acme and beta."""
    (tmp_path / "winnow.yml").write_text(CONFIG)
    return load_config(tmp_path / "winnow.yml")


@pytest.fixture
def world() -> Replies:
    """No reply yet."""
    return Replies()


def texts(found: list[review.Reply]) -> list[str]:
    return [reply.text for reply in found]


def keep(config: Config, warehouse: Warehouse, reply_id: str, intent: str, **values: bool) -> dict[str, Any]:
    reply = review.find(config, warehouse, reply_id)
    label = review.said(reply, intent, **values)
    with review.opened_state(config, warehouse) as state:
        review.keep_label(state, reply, label)
    return label


def test_the_newest_reply_of_each_unsure_text_is_asked_about(
    world: Replies, config: Config, warehouse: Warehouse
) -> None:
    world.reply("Hmm.", client="beta")
    world.reply("Sure thing", needs_review=False, intent="interested", confidence=0.9)
    world.reply("Maybe", client="beta")
    newest = world.reply("Hmm.", intent="question", confidence=0.55)
    world.reply("", needs_review=True)
    world.publish(warehouse, config.state_dir)
    found = review.to_review(config, warehouse, None, 20)
    assert [(reply.text, reply.client, reply.reply_count) for reply in found] == [
        ("Hmm.", "acme", 2),
        ("Maybe", "beta", 1),
    ]
    assert (found[0].reply_id, found[0].intent, found[0].confidence) == (newest, "question", 0.55)
    assert texts(review.to_review(config, warehouse, "beta", 20)) == ["Maybe", "Hmm."]
    assert texts(review.to_review(config, warehouse, None, 1)) == ["Hmm."]
    assert texts(review.to_review(config, warehouse, None, 20, is_all=True)) == [
        "Hmm.",
        "Maybe",
        "Sure thing",
    ]


def test_what_people_labelled_is_asked_no_more_before_any_run(
    world: Replies, config: Config, warehouse: Warehouse
) -> None:
    ids = [world.reply(text) for text in ("one", "two", "three", "four")]
    world.publish(warehouse, config.state_dir)
    with review.opened_state(config, warehouse) as state, state.begin() as connection:
        said = {"intent": "question"}
        judgements.keep(
            connection,
            [judgements.judgement(review.text_key("two"), MODEL, said, decided_by="run", model="m")],
        )
    keep(config, warehouse, ids[3], "objection")
    keep(config, warehouse, ids[2], "question", is_positive=True)
    assert texts(review.to_review(config, warehouse, None, 1)) == ["two"], "the limit counts what is left"
    assert texts(review.to_review(config, warehouse, None, 20)) == ["two", "one"]
    keep(config, warehouse, ids[3], "angry")
    with review.opened_state(config, warehouse) as state:
        rows = [(row["text"], row["label"], row["is_positive"]) for row in review.labels(state)]
    assert rows == [("three", "question", True), ("four", "angry", False)]


def test_a_label_counts_from_the_next_labelling_on_for_every_reply_with_the_text(
    world: Replies, config: Config, warehouse: Warehouse
) -> None:
    bodies = [TWICE, f"{TWICE}\n\nOn Mon, Mar 2, 2026 at 9:00 AM Bob <b@x.example> wrote:\n> Hi", ONCE]
    with warehouse.connect() as connection:
        given_replies(
            connection, *((n, "Re: hi", body, None, NIGHT, str(n)) for n, body in enumerate(bodies))
        )
        assert label_new(connection, NIGHT).for_review == len(bodies)
        labelled = connection.rows("select text from scoring.reply_labels order by text_hash")
    ids = [world.reply(row["text"]) for row in labelled]
    world.publish(warehouse, config.state_dir)
    assert review.find(config, warehouse, ids[0]).reply_count == 2
    keep(config, warehouse, ids[0], "objection", is_opt_out=True)
    with review.opened_state(config, warehouse) as state, warehouse.connect() as connection:
        assert judgements.tell(state, connection) == 1
        assert label_new(connection, NIGHT).by_method == {"person": 2}
        rows = connection.rows(
            "select intent, is_opt_out, method, needs_review from scoring.reply_labels order by text_hash"
        )
    assert [tuple(row.values()) for row in rows[:2]] == [("objection", True, "person", False)] * 2
    assert (rows[2]["method"], rows[2]["needs_review"]) == ("rules", True)


def test_a_reply_is_found_by_the_beginning_of_its_id(
    world: Replies, config: Config, warehouse: Warehouse
) -> None:
    one, two, empty = world.reply("one"), world.reply("two"), world.reply("")
    world.publish(warehouse, config.state_dir)
    assert review.find(config, warehouse, one.upper()).text == "one"
    assert review.find(config, warehouse, two[:8]).text == "two"
    with pytest.raises(UsageError, match=f"more than one .* begins with '0000'; nearest: {one}, {two}"):
        review.find(config, warehouse, "0000")
    wrong = two[:9] + "1" + two[10:]
    with pytest.raises(UsageError, match=f"no published reply has an id that begins with '{wrong}'; .*{two}"):
        review.find(config, warehouse, wrong)
    for nonsense in ("", "%", "x" * 36, "ffffffff-ffff"):
        with pytest.raises(UsageError, match="`winnow replies` lists them"):
            review.find(config, warehouse, nonsense)
    with pytest.raises(UsageError, match=f"reply {empty} has no text of its own"):
        review.find(config, warehouse, empty)


REPLY = review.Reply("x", None, NIGHT, None, "Hm", "question", 0.5, "rules", None, True, True, 1)


@pytest.mark.parametrize(
    ("intent", "values", "is_opt_out", "is_positive"),
    [
        ("objection", {}, True, False),
        ("objection", {"is_opt_out": False}, False, False),
        ("unsubscribe", {}, True, False),
        ("out_of_office", {}, False, False),
        ("interested", {"is_opt_out": False}, False, True),
        ("question", {}, True, True),
        ("question", {"is_positive": False}, True, False),
    ],
)
def test_a_label_is_complete_and_keeps_an_opt_out_that_was_read(
    intent: str, values: dict[str, bool], is_opt_out: bool, is_positive: bool
) -> None:
    assert review.said(REPLY, intent, **values) == {
        "intent": intent,
        "is_opt_out": is_opt_out,
        "is_positive": is_positive,
    }


@pytest.mark.parametrize(
    ("intent", "values", "message"),
    [
        ("auto_reply", {"is_opt_out": True}, "auto_reply is automatic mail and opts nobody out"),
        ("unsubscribe", {"is_opt_out": False}, "unsubscribe is an opt-out"),
        ("angry", {"is_positive": True}, "angry is never positive"),
    ],
)
def test_a_label_that_contradicts_itself_is_refused(
    intent: str, values: dict[str, bool], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        review.said(REPLY, intent, **values)


def test_an_intent_is_known_in_any_spelling_and_the_nearest_are_named() -> None:
    assert review.intent_named(" Out-of Office") == "out_of_office"
    with pytest.raises(UsageError, match=r"^'intrested' is no intent; nearest: interested, not_interested"):
        review.intent_named("intrested")
    with pytest.raises(UsageError, match=r"^'xyz' is no intent; known: meeting_request, .*, unclear$"):
        review.intent_named("xyz")
