"""Rules for replies: from the words a person wrote to an intent and what follows from it.

Free, offline and deterministic. Headers speak first, then the phrases of `scoring/lexicons/replies/`. Where
the best intent is likelier wrong than the bound allows, the reply is `unclear`, for a model or a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from math import exp
from operator import add
from typing import Any, NamedTuple

from scoring import reply_rules
from scoring.bounces import read_notice
from scoring.dates import return_date
from scoring.lexicons import read_lexicon
from scoring.orders import without_orders
from scoring.phrases import Words, tokens
from scoring.referrals import named_contact, referred_contact
from scoring.reply_details import mood, question, rejection_reason, topics
from scoring.reply_headers import automation
from scoring.reply_languages import ENGLISH, Language, languages, recognise
from scoring.reply_rules import Group, Rules, Signal
from scoring.reply_words import WordWeights, shapes, word_weights
from scoring.text import newest_text

CODE_VERSION = "2"
"""Part of the rules' version: raise it when the code reads the same lexicon differently."""

INTENTS = (
    *("meeting_request", "interested", "question", "objection", "referral", "wrong_person"),
    *("not_interested", "unsubscribe", "angry", "out_of_office", "auto_reply", "bounce_notice", "unclear"),
)
AUTOMATED = frozenset({"out_of_office", "auto_reply", "bounce_notice"})
POSITIVE = frozenset({"meeting_request", "interested", "referral"})
MAY_REFER = AUTOMATED | {"referral", "wrong_person"}
REFUSALS = frozenset({"objection", "wrong_person", "not_interested", "unsubscribe", "angry"})
MAY_BE_REFERRAL = frozenset({"referral", "wrong_person", "unclear"})
"""Guesses beside which words that send us to somebody may make it a referral."""

UNSURE = 0.6
"""Labels of lower confidence are for review, by a model or a person."""

_PROVEN = 0.99
_REPORTED = ("Final-Recipient:", "Feedback-Type:", "multipart/report")
_WITH_OPT_OUT = REFUSALS | AUTOMATED
_COSTLY = POSITIVE | {"unsubscribe"}
"""Intents that have to be surer than others."""

_GOOD_NEWS = POSITIVE | {"question"}

_IN_ANY_LANGUAGE = frozenset({"bounce_notice", "auto_reply", "unsubscribe"})
"""What is read from a text in a language without a lexicon where it says so in English."""


@dataclass(frozen=True)
class ReplyLabel:
    """What a reply says.

    intent: one of INTENTS. sentiment_score: −1 to 1. topics: at most five. return_on: from an absence note.
    confidence: 0 to 1, how likely the intent is right; below UNSURE the label is for review. text: what was
    written last, without history and signature; text_key: its hash. language: ISO 639-1, None: unknown.
    bounce_type, bounce_code, bounce_reason: of a bounce notice. is_complaint: a report that we sent spam.
    has_orders: it gives orders to the machine that reads it; nothing follows them, and no model reads it.
    """

    intent: str
    is_opt_out: bool
    is_human: bool
    is_positive: bool
    sentiment: str
    sentiment_score: float
    objection_type: str | None
    rejection_reason: str | None
    question: str | None
    topics: tuple[str, ...]
    return_on: date | None
    referred_contact: str | None
    requires_response: bool
    suggested_action: str
    confidence: float
    needs_review: bool
    method: str
    model: str | None
    rules_version: str
    text: str
    text_key: str
    language: str | None
    bounce_type: str | None = None
    bounce_code: str | None = None
    bounce_reason: str | None = None
    is_complaint: bool = False
    has_orders: bool = False

    @property
    def is_unsure(self) -> bool:
        """Whether the label is too doubtful to act on."""
        return self.confidence < UNSURE


@lru_cache(maxsize=1)
def rules_version() -> str:
    """Return the version of the lexicons and the code that `label` works by."""
    names = (
        "bounces",
        "dates",
        "mail",
        "orders",
        "referrals",
        "replies",
        "reply_words",
        *(f"replies/{code}" for code in languages()),
    )
    versions = "".join(read_lexicon(name).version for name in names)
    return f"{hashlib.sha256(versions.encode()).hexdigest()[:12]}-{CODE_VERSION}"


def label(
    subject: str | None, body: str | None, headers: Mapping[str, Any] | None, received_on: date
) -> ReplyLabel:
    """Label one reply.

    body: text or HTML as received. headers: name to value. received_on: its dates are relative to it.
    """
    found = read_text(newest_text(subject, body), subject, headers, received_on)
    if found.is_human and found.intent != "unclear" and not _is_reported(body):
        return found
    notice = read_notice(subject, body, headers)
    if notice is None:
        return found
    if notice.kind == "complaint":
        return conclude(replace(found, intent="auto_reply", confidence=_PROVEN, is_complaint=True))
    return conclude(
        replace(
            found,
            intent="bounce_notice",
            confidence=_PROVEN,
            bounce_type=notice.bounce_type,
            bounce_code=notice.code,
            bounce_reason=notice.reason,
        )
    )


def _is_reported(body: str | None) -> bool:
    """Say whether a body holds the parts of a machine's report, whatever its words are taken for."""
    return body is not None and any(mark in body for mark in _REPORTED)


def read_text(
    text: str, subject: str | None, headers: Mapping[str, Any] | None, received_on: date
) -> ReplyLabel:
    """Label one reply of which history, signature and footers are gone already; else as `label`."""
    shared = reply_rules.rules()
    said, has_orders = without_orders(text)
    read = _read(tokens(said), said)
    found, words, language = read.found, read.words, read.language
    automated = automation(subject, headers, found)
    if automated:
        intent, confidence = automated, _PROVEN
    else:
        intent, confidence = _decide(read, said)
    contact = _contact(found, said, intent)
    if contact and intent not in AUTOMATED and intent != "referral" and language:
        named = Signal(shared.groups["referral", "named"], shared.groups["referral", "named"].weight)
        found = sorted([*found, named], key=lambda signal: -signal.strength)
        intent, confidence = _decide(read._replace(found=found), said)
    if has_orders and (intent in POSITIVE or intent == "question"):
        intent, confidence = "unclear", shared.unclear_confidence["doubtful"]
    own = _own(found, intent)
    sentiment, score = ("neutral", 0.0) if intent in AUTOMATED else mood(found, intent)
    made = object.__new__(ReplyLabel)  # setting thirty frozen fields one by one takes ten times as long
    made.__dict__.update(
        intent=intent,
        sentiment=sentiment,
        sentiment_score=score,
        confidence=confidence,
        method="rules",
        model=None,
        rules_version=rules_version(),
        text=text,
        text_key=text_key(text),
        language=language.code if language else None,
        has_orders=has_orders,
        **_consequences(
            intent,
            is_opt_out=read.opt_out >= shared.plain_strength,
            is_positive=own is not None and own.is_positive,
            objection_type=own.objection_type if own else None,
            rejection_reason=rejection_reason(found, own, intent) if intent in REFUSALS else None,
            question=question(said, intent),
            topics=topics(words.words),
            return_on=return_date(said, received_on) if intent == "out_of_office" else None,
            referred_contact=contact,
            has_text=bool(text),
            is_unread=bool(text) and (confidence < UNSURE or has_orders or _may_opt_out(read)),
        ),
    )
    return made


class _Reading(NamedTuple):
    """A text as words, its language (None: one without a lexicon), and what it speaks for.

    opt_out: strength of the surest phrase that opts out, 0 where there is none.
    """

    words: Words
    language: Language | None
    found: Sequence[Signal]
    opt_out: float


def _own(found: Sequence[Signal], intent: str) -> Group | None:
    for group, _ in found:
        if group.intent == intent:
            return group
    return None


def _read(written: list[str], text: str) -> _Reading:
    code = recognise(written, text)
    language = languages()[code or ENGLISH]
    words = language.words_of(written)
    found = reply_rules.signals(words, language)
    if code is None:
        found = [signal for signal in found if signal.group.intent in _IN_ANY_LANGUAGE]
    opt_out = max([strength for group, strength in found if group.is_opt_out], default=0.0)
    return _Reading(words, language if code else None, found, opt_out)


def _contact(found: Sequence[Signal], text: str, intent: str) -> str | None:
    """Return whom a text sends us to, where its intent or what it speaks for lets that be."""
    if intent in AUTOMATED:
        return referred_contact(text) if intent != "bounce_notice" else None
    if intent not in MAY_BE_REFERRAL:
        return None
    return referred_contact(text) or (named_contact(text) if intent == "referral" else None)


def text_key(text: str) -> str:
    """Return the hash that a text is known by."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:32]


def conclude(label: ReplyLabel) -> ReplyLabel:
    """Return a label with all that follows from its intent; what does not go with the intent is taken out."""
    bounce = (label.bounce_type, label.bounce_code, label.bounce_reason)
    kind, code, reason = bounce if label.intent == "bounce_notice" else (None, None, None)
    return replace(
        label,
        bounce_type=kind,
        bounce_code=code,
        bounce_reason=reason,
        is_complaint=label.is_complaint and label.intent in AUTOMATED,
        **_consequences(
            label.intent,
            is_opt_out=label.is_opt_out,
            is_positive=label.is_positive,
            objection_type=label.objection_type,
            rejection_reason=label.rejection_reason,
            question=label.question,
            topics=label.topics,
            return_on=label.return_on,
            referred_contact=label.referred_contact,
            has_text=bool(label.text),
            is_unread=bool(label.text) and label.method != "person" and (label.is_unsure or label.has_orders),
        ),
    )


def _consequences(
    intent: str,
    *,
    is_opt_out: bool,
    is_positive: bool,
    objection_type: str | None,
    rejection_reason: str | None,
    question: str | None,
    topics: tuple[str, ...],
    return_on: date | None,
    referred_contact: str | None,
    has_text: bool,
    is_unread: bool,
) -> dict[str, Any]:
    """Return the fields of a label that follow from its intent."""
    shared = reply_rules.rules()
    is_human = intent not in AUTOMATED
    objection = objection_type if intent == "objection" else None
    return {
        "is_human": is_human,
        "is_opt_out": is_human and (is_opt_out or intent == "unsubscribe"),
        "is_positive": intent in POSITIVE or (intent == "question" and is_positive),
        "objection_type": objection,
        "rejection_reason": rejection_reason if intent in REFUSALS else None,
        "question": question if is_human else None,
        "topics": topics if is_human else (),
        "return_on": return_on if intent == "out_of_office" else None,
        "referred_contact": referred_contact if intent in MAY_REFER else None,
        "requires_response": has_text and intent in shared.requires_response,
        "suggested_action": shared.suggested_action(intent, objection),
        "needs_review": is_human and is_unread,
    }


def _decide(read: _Reading, text: str) -> tuple[str, float]:
    """Choose the intent, and say how likely it is right."""
    shared, found = reply_rules.rules(), read.found
    if not read.words.words:
        return "unclear", _PROVEN
    if read.language is None:
        return _in_another_language(found, shared)
    guess, share = judge(found, read.words, text, read.language)
    confidence = round(shared.calibrated(share), 3)
    above = shared.outranked.get(guess)
    if above and _is_said(above, found, shared.plain_strength):
        guess = above
    plain = {signal.group.intent for signal in found if signal.strength >= shared.plain_strength}
    if guess in plain and guess not in _COSTLY | shared.decisive:
        confidence = max(confidence, shared.tied_confidence)
    elif guess in plain and plain <= _GOOD_NEWS:  # which of them it is matters less than that it is one
        confidence = max(confidence, shared.sure_bound)
    if is_doubtful(guess, confidence, found) or (guess not in _WITH_OPT_OUT and _may_opt_out(read)):
        return "unclear", shared.unclear_confidence["doubtful"]
    return guess, confidence


def _is_said(intent: str, found: Sequence[Signal], strength: float = 0.0) -> bool:
    """Say whether a phrase speaks for an intent, at least so strongly."""
    return any(signal.group.intent == intent and signal.strength >= strength for signal in found)


def is_doubtful(guess: str, confidence: float, found: Sequence[Signal]) -> bool:
    """Say whether the reply is `unclear` instead: below the guess's bound, or by its words alone."""
    if guess == "unclear":
        return False
    if confidence < (reply_rules.rules().sure_bound if guess in _COSTLY else UNSURE):
        return True
    if guess == "referral":  # who decides is no referral yet
        return not any(group.intent == guess and (s > 0.6 or group.name == "named") for group, s in found)
    return not _is_said(guess, found)


def _in_another_language(found: Sequence[Signal], shared: Rules) -> tuple[str, float]:
    """Return what a text says in English though its language is none that has a lexicon."""
    sure = next((signal for signal in found if signal.strength >= shared.plain_strength), None)
    if sure is None:
        return "unclear", shared.unclear_confidence["foreign"]
    return sure.group.intent, round(sure.strength, 3)


def _may_opt_out(read: _Reading) -> bool:
    """Say whether there are opt-out phrases, but none to be sure of: the reply is one for review."""
    return 0 < read.opt_out < reply_rules.rules().plain_strength


def judge(
    found: Sequence[Signal],
    words: Words,
    text: str,
    language: Language,
    weights: WordWeights | None = None,
) -> tuple[str, float | None]:
    """Return the likeliest intent of a text by its phrases and, where they do not settle it, by its words.

    Second, its share of the likelihood; None where phrases settle it. weights: of words, not the lexicon's.
    """
    shared = reply_rules.rules()
    strengths: dict[str, float] = {}
    for group, strength in found:
        other = strengths.get(group.intent, 0.0)
        strengths[group.intent] = other + (1 - other) * strength
    if strengths:
        top = max(strengths, key=strengths.__getitem__)
        rivals = sum([strength > shared.open_to for strength in strengths.values()])
        if strengths[top] >= shared.settled and rivals == 1:
            return top, None
    return _likeliest(strengths, shapes(words.words, text, language), language, weights)


def _likeliest(
    strengths: Mapping[str, float], shaped: Sequence[str], language: Language, weights: WordWeights | None
) -> tuple[str, float]:
    """Return the intent with the highest score, and its share of the likelihood."""
    shared, weights = reply_rules.rules(), weights or word_weights()
    scores = weights.scores(shaped)
    if language.code != ENGLISH:
        scores = [score * shared.word_share_elsewhere for score in scores]
    scores = [*map(add, scores, shared.silence)]
    for intent, strength in strengths.items():
        scores[shared.positions[intent]] += shared.score(intent, strength)
    top = max(scores)
    return weights.intents[scores.index(top)], 1 / sum([exp(score - top) for score in scores])
