"""Rules for replies: from the words a person wrote to an intent and what follows from it.

Free, offline and deterministic. Headers speak first, then the phrases of `scoring/lexicons/replies.yml`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from scoring import reply_rules
from scoring.dates import return_date
from scoring.lexicons import read_lexicon
from scoring.referrals import referred_contact
from scoring.reply_headers import automation
from scoring.reply_rules import Rules, Signal
from scoring.text import newest_text

CODE_VERSION = "1"
"""Part of the rules' version: raise it when the code reads the same lexicon differently."""

INTENTS = (
    "meeting_request",
    "interested",
    "question",
    "objection",
    "referral",
    "wrong_person",
    "not_interested",
    "unsubscribe",
    "angry",
    "out_of_office",
    "auto_reply",
    "bounce_notice",
    "unclear",
)
AUTOMATED = frozenset({"out_of_office", "auto_reply", "bounce_notice"})
POSITIVE = frozenset({"meeting_request", "interested", "referral"})
MAY_REFER = AUTOMATED | {"referral", "wrong_person"}
REFUSALS = frozenset({"objection", "wrong_person", "not_interested", "unsubscribe", "angry"})
UNSURE = 0.6
"""Labels of lower confidence are for review, by a model or a person."""

_MAX_QUESTION = 300
_PROVEN = 0.99
_CONFLICT_COST = 0.35


@dataclass(frozen=True)
class ReplyLabel:
    """What a reply says.

    intent: one of INTENTS. sentiment_score: −1 to 1. topics: at most five. return_on: from an absence note.
    confidence: 0 to 1, how likely the intent is right; below UNSURE the label is for review. text: what was
    written last, without history and signature; text_key: its hash. language: ISO 639-1, None: unknown.
    bounce_type, bounce_code, bounce_reason: of a bounce notice. is_complaint: a report that we sent spam.
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

    @property
    def is_unsure(self) -> bool:
        """Whether the label is too doubtful to act on."""
        return self.confidence < UNSURE


@lru_cache(maxsize=1)
def rules_version() -> str:
    """Return the version of the lexicons and the code that `label` works by."""
    lexicons = "".join(read_lexicon(name).version for name in ("mail", "referrals", "replies"))
    return f"{hashlib.sha256(lexicons.encode()).hexdigest()[:12]}-{CODE_VERSION}"


def label(
    subject: str | None, body: str | None, headers: Mapping[str, Any] | None, received_on: date
) -> ReplyLabel:
    """Label one reply.

    body: text or HTML as received. headers: name to value. received_on: its dates are relative to it.
    """
    text = newest_text(subject, body)
    words = reply_rules.words_of(text)
    lexicon = reply_rules.rules()
    is_foreign = reply_rules.is_foreign(words)
    found = reply_rules.signals(words, is_foreign)
    contact = referred_contact(text)
    automated = automation(subject, headers, found)
    if contact and not automated and not is_foreign:
        found = _with_referral(found, lexicon)
    asked = None if is_foreign else _asked(text)
    intent, confidence = (automated, _PROVEN) if automated else _decide(found, lexicon, asked is not None)
    own = [signal for signal in found if signal.group.intent == intent]
    is_human = intent not in AUTOMATED
    score = _sentiment_score(found, intent) if is_human else 0.0
    return conclude(
        ReplyLabel(
            intent=intent,
            is_opt_out=any(signal.group.is_opt_out for signal in found),
            is_human=is_human,
            is_positive=bool(own) and own[0].group.is_positive,
            sentiment=_sentiment(found, score) if is_human else "neutral",
            sentiment_score=score,
            objection_type=own[0].group.objection_type if own else None,
            rejection_reason=_rejection_reason(found, own, intent),
            question=_question(text, intent),
            topics=_topics(words.words, lexicon),
            return_on=return_date(text, received_on) if intent == "out_of_office" else None,
            referred_contact=contact,
            requires_response=False,
            suggested_action="",
            confidence=confidence,
            needs_review=False,
            method="rules",
            model=None,
            rules_version=rules_version(),
            text=text,
            text_key=text_key(text),
            language=None if is_foreign else "en",
        )
    )


def text_key(text: str) -> str:
    """Return the hash that a text is known by."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:32]


def conclude(label: ReplyLabel) -> ReplyLabel:
    """Return a label with all that follows from its intent; what does not go with the intent is taken out."""
    lexicon, intent = reply_rules.rules(), label.intent
    is_human = intent not in AUTOMATED
    objection = label.objection_type if intent == "objection" else None
    is_unread = bool(label.text) and label.method != "person" and label.is_unsure
    return replace(
        label,
        is_human=is_human,
        is_opt_out=is_human and (label.is_opt_out or intent == "unsubscribe"),
        is_positive=intent in POSITIVE or (intent == "question" and label.is_positive),
        objection_type=objection,
        rejection_reason=label.rejection_reason if intent in REFUSALS else None,
        question=label.question if is_human else None,
        topics=label.topics if is_human else (),
        return_on=label.return_on if intent == "out_of_office" else None,
        referred_contact=label.referred_contact if intent in MAY_REFER else None,
        requires_response=intent in lexicon.requires_response and bool(label.text),
        suggested_action=lexicon.suggested_action(intent, objection),
        needs_review=is_human and is_unread,
    )


def _with_referral(found: Sequence[Signal], lexicon: Rules) -> list[Signal]:
    named = lexicon.group("referral", "named")
    return sorted([*found, Signal(named, named.weight)], key=lambda signal: -signal.strength)


def _decide(found: Sequence[Signal], lexicon: Rules, is_question: bool) -> tuple[str, float]:
    """Choose the intent: a decisive one first, else by precedence among the strongest."""
    strengths: dict[str, float] = {}
    for signal in found:
        intent = signal.group.intent
        other = strengths.get(intent)
        strengths[intent] = signal.strength if other is None else other + (1 - other) * signal.strength / 2
    for intent in lexicon.decisive:
        if strengths.get(intent, 0.0) >= lexicon.decisive_weight:
            return intent, round(strengths[intent], 3)
    likely = {name: value for name, value in strengths.items() if value >= lexicon.minimum_weight}
    if not likely:
        return ("question", 0.5) if is_question else ("unclear", 0.3)
    bound = max(likely.values()) - lexicon.margin
    intent = next(name for name in lexicon.precedence if likely.get(name, 0.0) >= bound)
    return intent, _confidence(found, intent, likely[intent])


def _confidence(found: Sequence[Signal], intent: str, strength: float) -> float:
    """Lower an intent's strength by the strongest sign of the opposite mood."""
    own = next(signal.group.polarity for signal in found if signal.group.intent == intent)
    against = [signal.strength for signal in found if signal.group.polarity * own < 0]
    return round(strength * (1 - _CONFLICT_COST * max(against, default=0.0)), 3)


def _sentiment_score(found: Sequence[Signal], intent: str) -> float:
    """Return the mean mood of what was found, the chosen intent counting double."""
    weights = [(signal.strength * (1 + (signal.group.intent == intent)), signal.group) for signal in found]
    total = sum(weight for weight, _ in weights)
    return round(sum(weight * group.polarity for weight, group in weights) / total, 3) if total else 0.0


def _sentiment(found: Sequence[Signal], score: float) -> str:
    moods = [signal.group.polarity for signal in found if signal.strength >= 0.5]
    if any(mood >= 0.35 for mood in moods) and any(mood <= -0.25 for mood in moods):
        return "mixed"
    return "positive" if score > 0.15 else "negative" if score < -0.15 else "neutral"


def _rejection_reason(found: Sequence[Signal], own: Sequence[Signal], intent: str) -> str | None:
    """Return why they refuse; a plain "not interested" takes its reason from an objection beside it."""
    if intent not in REFUSALS or not own:
        return None
    if intent == "not_interested":
        for signal in found:
            if signal.group.intent == "objection":
                return signal.group.rejection_reason
    return own[0].group.rejection_reason


def _asked(text: str) -> str | None:
    """Return the first sentence with words that ends in a question mark."""
    end = text.find("?")
    while end >= 0:
        sentence = text[max(text.rfind(mark, 0, end) for mark in ".!?\n") + 1 : end].strip()
        if sentence:
            return f"{sentence}?"[:_MAX_QUESTION]
        end = text.find("?", end + 1)
    return None


def _question(text: str, intent: str) -> str | None:
    asked = _asked(text)
    return text.strip().split("\n")[0][:_MAX_QUESTION] if asked is None and intent == "question" else asked


def _topics(words: Sequence[str], lexicon: Rules) -> tuple[str, ...]:
    present = set(words)
    return tuple(topic for topic, marks in lexicon.topics.items() if not marks.isdisjoint(present))[:5]
