"""The rules for replies: their lexicons, the phrases of each language, negation, headers before words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from scoring.lexicons import read_lexicon
from scoring.phrases import PhraseBook, Words, tokens
from scoring.replies import INTENTS, ReplyLabel, label
from scoring.reply_languages import languages, recognise
from scoring.reply_rules import rules
from scoring.reply_words import word_weights

DAY = date(2025, 12, 22)


def read(text: str, **headers: str) -> ReplyLabel:
    return label("Re: Quick question", text, {key.replace("_", "-"): v for key, v in headers.items()}, DAY)


@pytest.mark.parametrize(
    ("proper", "plain"),
    [
        ("Bitte löschen Sie meine Adresse", "Bitte loeschen Sie meine Adresse"),
        ("Das wäre für uns nicht interessant", "Das waere fuer uns nicht interessant"),
        ("Merci de me désinscrire", "Merci de me desinscrire"),
        ("Não tenho interesse", "Nao tenho interesse"),
        ("Sí, envíeme más información", "Si, envieme mas informacion"),
        ("Ik ben niet geïnteresseerd", "Ik ben niet geinteresseerd"),
    ],
)
def test_accents_may_be_missing(proper: str, plain: str) -> None:
    assert read(proper).intent == read(plain).intent != "unclear"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Kein Interesse", "de"),
        ("Geen interesse", "nl"),
        ("No gracias", "es"),
        ("Non merci", "fr"),
        ("Não, obrigado", "pt"),
        ("No grazie", "it"),
        ("No thanks", "en"),
        ("Bob", "en"),
        ("Ik heb geen tijd", "nl"),
        ("Mám zájem, děkuji", None),
        ("Спасибо, нам это не нужно", None),
        ("結構です", None),
    ],
)
def test_the_language_of_a_short_text(text: str, code: str | None) -> None:
    assert recognise(tokens(text), text) == code
    assert read(text).language == code


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("I am not interested", "not_interested"),
        ("We are not at all really interested", "not_interested"),
        ("We're not interested in the webinar, but I would gladly have a call on Tuesday", "meeting_request"),
        ("No problem, call me on Tuesday", "meeting_request"),
        ("Don't hesitate to call me tomorrow", "meeting_request"),
        ("Why not, let's have a call on Monday", "meeting_request"),
        ("Not a bad idea actually, send me the brochure", "interested"),
        ("I can't wait to try it, send me the details", "interested"),
        ("No, we are interested. Please send details", "interested"),
        ("I would never want a demo", "not_interested"),
        ("Ich bin nicht interessiert", "not_interested"),
        ("Interessiert mich überhaupt nicht", "not_interested"),
        ("Kein Problem, rufen Sie mich am Dienstag an", "meeting_request"),
        ("Cela ne m'intéresse pas du tout", "not_interested"),
        ("N'hésitez pas à m'appeler mardi", "meeting_request"),
        ("No me interesa nada", "not_interested"),
        ("Não me interessa", "not_interested"),
        ("Dat interesseert ons niet", "not_interested"),
        ("Non mi interessa affatto", "not_interested"),
    ],
)
def test_how_far_a_negation_reaches(text: str, intent: str) -> None:
    assert read(text).intent == intent


@pytest.mark.parametrize(
    "text",
    [
        "Your unsubscribe rate figures surprised me.",
        "Which unsubscribe rate do you compare with?",
        "Sorry, I was on vacation last week. Yes, send me the details.",
        "If you are interested in our feedback, ask Tom.",
    ],
)
def test_words_near_by_cancel_a_match(text: str) -> None:
    found = read(text)
    assert not found.is_opt_out
    assert found.intent not in {"out_of_office", "unsubscribe"}


@pytest.mark.parametrize(
    ("headers", "intent"),
    [
        (
            {
                "Content_Type": "multipart/report; report-type=delivery-status",
                "Auto_Submitted": "auto-replied",
            },
            "bounce_notice",
        ),
        ({"Auto_Submitted": "no", "X_Autoreply": "yes"}, "out_of_office"),
        ({"Auto_Submitted": "auto-replied", "Precedence": "list"}, "out_of_office"),
        ({"Precedence": "auto_reply"}, "out_of_office"),
    ],
)
def test_the_report_type_speaks_before_other_headers_and_headers_before_words(
    headers: dict[str, str], intent: str
) -> None:
    assert read("I am away until Monday, but interested. Call me!", **headers).intent == intent


def leaves(document: Any) -> Iterator[Any]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from leaves(value)
    elif isinstance(document, list):
        for value in document:
            yield from leaves(value)
    else:
        yield document


@pytest.mark.parametrize("code", ["en", "de", "fr", "es", "pt", "nl", "it"])
def test_a_lexicon_holds_words_only(code: str) -> None:
    document = dict(read_lexicon(f"replies/{code}").document)
    document.pop("has_capital_nouns", None)
    found = [leaf for leaf in leaves(document) if not isinstance(leaf, str | int) or isinstance(leaf, bool)]
    assert found == []  # YAML reads a bare `no` or `on` as a truth value


def test_every_group_of_a_language_has_a_meaning_and_every_intent_phrases() -> None:
    for language in languages().values():
        named = {group for group in language.groups if group[0]}
        assert named <= set(rules().groups)
        assert {intent for intent, _ in named} == set(INTENTS)


def test_words_weigh_for_the_intents_in_their_order() -> None:
    assert word_weights().intents == INTENTS
    assert set(rules().positions) == set(INTENTS)


def test_a_calibrated_share_never_falls_where_the_share_rises() -> None:
    values = [rules().calibrated(step / 100) for step in range(101)]
    assert values == sorted(values)
    assert all(0 <= value <= 1 for value in values)


@pytest.mark.parametrize(
    ("phrase", "message"),
    [
        ("[a|b] *", "no word that is always there"),
        ("(a|b", "not closed"),
        ("call {nobody}", "no words are named nobody"),
        ("(a||b)", "a choice is empty"),
    ],
)
def test_a_phrase_that_cannot_be_read_is_refused(phrase: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PhraseBook([[phrase]])


def test_what_a_book_remembers_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["call me on friday", "please call us", "no friday call", "call me"] * 3
    phrases = [["(call|ring) (me|us)"], ["friday"]]
    plain = [PhraseBook(phrases).search(Words(text.split())) for text in texts]
    monkeypatch.setattr("scoring.phrases.MAX_CACHED", 1)
    book = PhraseBook(phrases)
    assert [book.search(Words(text.split())) for text in texts] == plain
