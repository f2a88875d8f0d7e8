"""Rules for replies: from the words a person wrote to an intent and what follows from it.

Free, offline and deterministic. Headers speak first, then the phrases of `scoring/lexicons/replies.yml`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scoring import reply_rules
from scoring.dates import return_date
from scoring.lexicons import read_lexicon
from scoring.referrals import referred_contact
from scoring.reply_headers import automation
from scoring.reply_rules import Rules, Signal
from scoring.text import newest_text

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
    "confidence": "decimal(4, 3)",
    "method": "text",
    "rules_version": "text",
    "labelled_at": "timestamptz",
}
CODE_VERSION = "1"
"""Part of the rules' version: raise it when the code reads the same lexicon differently."""

BATCH = 5_000
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
REFUSALS = frozenset({"objection", "wrong_person", "not_interested", "unsubscribe", "angry"})
UNSURE = 0.6
"""Labels of lower confidence are for review, by a model or a person."""

_MAX_QUESTION = 300
_PROVEN = 0.99
_CONFLICT_COST = 0.35


@dataclass(frozen=True)
class ReplyLabel:
    """What a reply says; the columns of `scoring.reply_labels` without its keys.

    intent: one of INTENTS. sentiment_score: −1 to 1. topics: at most five. return_on: from an absence note.
    confidence: 0 to 1; below UNSURE the label is for review.
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
    confidence: float
    method: str
    rules_version: str


@dataclass(frozen=True)
class LabelCounts:
    """What one labelling did: labels written, by intent, how many are unsure, and old labels removed."""

    labelled: int
    unsure: int
    removed: int
    by_intent: Mapping[str, int]


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
    return ReplyLabel(
        intent=intent,
        is_opt_out=is_human and any(signal.group.is_opt_out for signal in found),
        is_human=is_human,
        is_positive=intent in POSITIVE or (intent == "question" and bool(own) and own[0].group.is_positive),
        sentiment=_sentiment(found, score) if is_human else "neutral",
        sentiment_score=score,
        objection_type=own[0].group.objection_type if own and intent == "objection" else None,
        rejection_reason=_rejection_reason(found, own, intent),
        question=_question(text, intent) if is_human else None,
        topics=_topics(words.words, lexicon) if is_human else (),
        return_on=return_date(text, received_on) if intent == "out_of_office" else None,
        referred_contact=contact if intent in AUTOMATED | {"referral", "wrong_person"} else None,
        requires_response=intent in lexicon.requires_response and bool(text.strip()),
        confidence=confidence,
        method="rules",
        rules_version=rules_version(),
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


def ensure_table(connection: Connection) -> None:
    """Create scoring.reply_labels where it is missing."""
    connection.create_table(TABLE, COLUMNS, primary_key=["text_hash", "received_on"])


def label_new(connection: Connection, run_at: datetime) -> LabelCounts:
    """Label the texts of facts.replies that these rules have not labelled yet; return what was done.

    A text is known by its hash and the UTC day it came. Labels by other versions of the rules are removed and
    made anew; labels by a model or a person stay. Works in batches, so that memory stays bounded and a second
    call goes on where a first was stopped.
    """
    version = rules_version()
    ensure_table(connection)
    removed = connection.execute(
        f"delete from {TABLE} where method = 'rules' and rules_version <> ?", [version]
    )
    intents: Counter[str] = Counter()
    unsure = 0
    while rows := connection.rows(_UNLABELLED, [BATCH]):
        labels = [_label_row(row) for row in rows]
        connection.insert(
            TABLE,
            list(COLUMNS),
            [_values(row, found, run_at) for row, found in zip(rows, labels, strict=True)],
        )
        intents.update(found.intent for found in labels)
        unsure += sum(found.confidence < UNSURE for found in labels)
    return LabelCounts(intents.total(), unsure, max(removed, 0), dict(sorted(intents.items())))


_UNLABELLED = f"""
    select
        texts.text_hash,
        texts.received_on,
        min(texts.subject) as subject,
        min(texts.body) as body,
        min(texts.headers) as headers
    from (
        select text_hash, cast(received_at at time zone 'UTC' as date) as received_on, subject, body, headers
        from facts.replies
    ) as texts
    left join {TABLE} as labels
        on texts.text_hash = labels.text_hash and texts.received_on = labels.received_on
    where labels.text_hash is null and texts.text_hash is not null
    group by texts.text_hash, texts.received_on
    limit ?
"""


def _label_row(row: Mapping[str, Any]) -> ReplyLabel:
    headers = json.loads(row["headers"]) if row["headers"] else None
    return label(
        row["subject"], row["body"], headers if isinstance(headers, dict) else None, row["received_on"]
    )


def _values(row: Mapping[str, Any], found: ReplyLabel, run_at: datetime) -> tuple[Any, ...]:
    return (
        row["text_hash"],
        row["received_on"],
        found.intent,
        found.is_opt_out,
        found.is_human,
        found.is_positive,
        found.sentiment,
        Decimal(str(found.sentiment_score)),
        found.objection_type,
        found.rejection_reason,
        found.question,
        json.dumps(found.topics),
        found.return_on,
        found.referred_contact,
        found.requires_response,
        Decimal(str(found.confidence)),
        found.method,
        found.rules_version,
        run_at,
    )
