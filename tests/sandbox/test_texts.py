"""What people write: clear about its intent, dressed up as mail programs do."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import get_args

import pytest

from sandbox import Agency, Params, simulate
from sandbox.model import NOT_HUMAN, Intent
from sandbox.texts import HARD, OBJECTIONS, STYLES, WORDINGS, Setting, compose, wording
from sandbox.view import View
from scoring.replies import UNSURE, label


def setting(kind: str, style: int, objection: str | None = None) -> Setting:
    return Setting(
        kind=kind,
        objection_type=objection,
        style=style,
        first_name="Vera",
        last_name="Holt",
        title="CFO",
        company="Oakgate Capital",
        email="vera.holt@oakgate.example",
        sender="Amelia",
        sender_email="amelia@try.example",
        sent_at=datetime(2026, 1, 14, 12, 30, tzinfo=UTC),
        quoted="Hi Vera,\nOpen to a look?",
        return_on=date(2026, 1, 26),
    )


def test_every_intent_has_wordings() -> None:
    told_apart = {"question": ("positive_question", "other_question"), "objection": ()}
    for intent in get_args(Intent):
        assert all(WORDINGS[kind] for kind in told_apart.get(intent, (intent,)))
    assert set(OBJECTIONS) == {"timing", "budget", "competitor", "need", "authority"}


def test_no_wording_belongs_to_two_intents() -> None:
    texts = [text for group in (*WORDINGS.values(), *OBJECTIONS.values(), *HARD.values()) for text in group]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("kind", sorted(WORDINGS))
def test_nothing_is_left_to_fill_in(kind: str) -> None:
    for style in range(400):
        assert not re.search(r"\{\w+\}", compose(setting(kind, style)))


def test_an_absence_says_when_it_ends() -> None:
    written = {wording(setting("out_of_office", style)) for style in range(60)}
    days = {"26 January", "January 26", "26 January 2026", "Monday, 26 January", "2026-01-26"}
    assert all(any(day in text for day in days) for text in written)
    assert {day for day in days if any(f"{day}" in text for text in written)} == days


def test_styles_differ_in_dress_not_in_words() -> None:
    bodies = [compose(setting("not_interested", 6 * style)) for style in range(1, 3000)]
    said = wording(setting("not_interested", 6))
    assert all(said in body for body in bodies)
    assert any("wrote:\n> Hi Vera," in body for body in bodies)
    assert any('<div class="gmail_quote">' in body for body in bodies)
    assert any("<div>--</div>" in body for body in bodies)
    assert any(body == f"<div>{said}</div>" for body in bodies)


def test_quoted_history_is_the_mail_that_was_answered(agency: Agency) -> None:
    view = View(agency, agency.params.horizon)
    quoting = 0
    for enrolment in view.enrolments:
        for reply in view.replies(enrolment):
            body = view.reply_body(enrolment, reply)
            if "wrote:" in body:
                quoting += 1
                first_name = agency.people[enrolment.person].first_name
                assert f"Hi {first_name}," in body.split("wrote:")[1]
    assert quoting > 5


@pytest.mark.parametrize("name", sorted(HARD))
def test_rules_are_unsure_of_every_indirect_wording(name: str) -> None:
    kind, objection = ("objection", name) if name in OBJECTIONS else (name, None)
    said = set()
    for style in range(STYLES - 600, STYLES):
        chosen = setting(kind, style, objection)
        found = label("Re: a look", compose(chosen), None, date(2026, 1, 14))
        assert found.confidence < UNSURE or found.intent == "unclear", wording(chosen)
        assert not found.is_opt_out
        said.add(wording(chosen))
    assert said == set(HARD[name])


def test_one_reply_of_people_in_sixteen_is_worded_indirectly() -> None:
    agency = simulate(Params(leads=6000, seed=3))
    view = View(agency, agency.params.horizon)
    hard = {text for group in HARD.values() for text in group}
    written = [
        view.reply_wording(enrolment, reply) in hard
        for enrolment in view.enrolments
        for reply in view.replies(enrolment)
        if reply.intent not in NOT_HUMAN
    ]
    assert 0.045 < sum(written) / len(written) < 0.075
