"""Texts that we send: what the rules read in them, and the step that reads each once."""

from __future__ import annotations

import pytest

from scoring.content import TextFeatures, read, read_new, rules_version
from warehouse import Connection, Warehouse

CALLS = {
    "meeting": [
        "Would a short call next week make sense?",
        "Are you free for a quick chat on Thursday?",
        "Could we find 15 minutes next week?",
        "Who owns this on your side? Otherwise, just grab a slot in my calendar.",
    ],
    "resource": ["Shall I send the numbers?", "Happy to share the case study.", "Want me to send it over?"],
    "referral": [
        "Is this something for you or for a colleague?",
        "Who looks after this at your company?",
        "Let's set up a call? If not, could you point me to the right person?",
    ],
    "interest": ["Open to a look?", "Is this of interest?", "Worth exploring?", "Any thoughts?"],
    "link": ["Sign up here: https://x.example/start", "Try it free today."],
    "question": ["What colour is your logo?"],
    "none": ["I will leave it at that.", ""],
}
ANGLES = {
    "breakup": [
        "I noticed your launch. This is my last email, I promise.",
        "I will not chase you any further.",
    ],
    "bump": ["Companies like yours love us. Just following up on my note.", "Did you see my message?"],
    "trigger": ["I noticed that you are hiring.", "Congrats on the new round. We help teams save time."],
    "social_proof": [
        "Three companies of your size cut costs with us.",
        "Teams like yours lose a month to it.",
    ],
    "pain": ["Audits are a headache.", "Losing deals to slow answers is frustrating."],
    "offer": ["We give you a free audit.", "There is no obligation."],
    "value": ["Save a week a month by letting us do it.", "It is faster."],
    "question": ["How does Acme handle audits today?"],
    "other": ["We sell pencils.", ""],
}


@pytest.mark.parametrize(("call", "body"), [(call, body) for call, texts in CALLS.items() for body in texts])
def test_what_a_message_asks_for(call: str, body: str) -> None:
    assert read(None, body).call_to_action == call


@pytest.mark.parametrize(
    ("angle", "body"), [(angle, body) for angle, texts in ANGLES.items() for body in texts]
)
def test_how_a_message_makes_its_case(angle: str, body: str) -> None:
    assert read(None, body).angle == angle


def test_a_greeting_does_not_hide_the_question_that_a_message_begins_with() -> None:
    assert read(None, "<div>Hi Ada,</div><div>How does Acme handle audits today?</div>").angle == "question"


def test_counts_leave_out_signature_history_and_links() -> None:
    body = (
        "<div>Hi Ada,</div><div>We cut 3.5 hours, and 12 % of costs. Is it 2 for you?? See"
        ' <a href="https://x.example/a?b=1">this</a> or https://x.example/b.</div><div><br></div>'
        "<div>Best,</div><div>Ada Lovelace</div><div>555 1234</div>"
        '<div class="gmail_quote">On Monday, Bo wrote:'
        "<blockquote>Did you ask 7 questions? Really?</blockquote></div>"
    )
    found = read("  An idea  ", body)
    assert found.subject_length == 7
    assert found.word_count == 18
    assert found.question_count == 1
    assert found.number_count == 3
    assert found.link_count == 2
    assert found.sentence_count == 4


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Hi {{first_name}}, how is {{ company_name }}?", ("company_name", "first_name")),
        ("Hi {{firstName}} and {{firstName}}", ("first_name",)),
        ('Hi {{first_name | default: "there"}}', ("first_name",)),
        ("Hi {{First Name}} of %COMPANY%", ("company", "first_name")),
        ("{{sender_first_name}} {{signature}} {{RANDOM | Hi | Hello}}", ()),
        ("We save 10% or 20% of it", ()),
        ("<div>Hi&nbsp;{{first_name}}</div>", ("first_name",)),
    ],
)
def test_placeholders_of_the_recipient(text: str, names: tuple[str, ...]) -> None:
    assert read(None, text).placeholders == names


def test_a_placeholder_of_the_subject_counts() -> None:
    assert read("{{company_name}}?", "Hi").placeholders == ("company_name",)


def test_pains_are_named_in_order_of_text() -> None:
    body = "Manual spreadsheets waste hours a week. GDPR fines are next, and hidden costs."
    assert read(None, body).pain_points == ("manual_work", "time", "compliance", "cost")


@pytest.mark.parametrize(
    "body",
    [
        'Hello<br><a href="https://x.example/unsubscribe/1">Leave</a>',
        "If you'd rather not hear from me, let me know.",
        "Reply STOP and I will.",
    ],
)
def test_a_way_out_is_seen_and_is_no_link(body: str) -> None:
    found = read(None, body)
    assert found.has_unsubscribe
    assert found.link_count == 0


def test_another_language_is_not_guessed_at() -> None:
    found = read("Frage", "Guten Tag, haben Sie nächste Woche Zeit für ein kurzes Gespräch über Ihre Kosten?")
    assert (found.is_english, found.angle, found.call_to_action, found.pain_points) == (False, None, None, ())
    assert (found.word_count, found.question_count) == (14, 1)


def test_nothing_is_a_text_of_no_words() -> None:
    assert read(None, None) == TextFeatures(0, 0, 0, 0, 0, 0, (), "none", "other", (), False, True)


TEXTS = {"text_hash": "text", "subject": "text", "body": "text"}


def given_texts(connection: Connection) -> None:
    messages = [("a", "Hi", "Open to a look?"), ("a", "Hi", "Open to a look?"), (None, None, None)]
    connection.create_table("facts.messages", TEXTS)
    connection.insert("facts.messages", list(TEXTS), messages)
    connection.create_table("facts.templates", TEXTS)
    connection.insert("facts.templates", list(TEXTS), [("t", None, "Hi {{first_name}}"), ("a", "Hi", "Open")])


def test_new_texts_are_read_once_each(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.content.BATCH", 1)
    with warehouse.connect() as connection:
        given_texts(connection)
        assert read_new(connection) == 2
        assert read_new(connection) == 0
        rows = {row.pop("text_hash"): row for row in connection.rows("select * from scoring.text_features")}
    assert set(rows) == {"a", "t"}
    assert rows["t"]["placeholders"] == '["first_name"]'
    assert (rows["t"]["placeholder_count"], rows["a"]["placeholder_count"]) == (1, 0)
    assert (rows["a"]["rules_version"], rows["a"]["pain_points"]) == (rules_version(), "[]")


def test_what_other_rules_said_is_read_anew(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        given_texts(connection)
        read_new(connection)
        connection.execute(
            "update scoring.text_features set rules_version = 'old', angle = 'x' where text_hash = 'a'"
        )
        assert read_new(connection) == 1
        assert connection.scalar("select angle from scoring.text_features where text_hash = 'a'") == "other"
