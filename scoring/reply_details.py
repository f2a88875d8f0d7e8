"""What a reply says besides its intent: mood, question, topics and why it refuses."""

from __future__ import annotations

from collections.abc import Sequence

from scoring.reply_rules import Group, Signal, rules

_MAX_QUESTION = 300
_GOOD, _BAD = 0.35, -0.25
"""Polarities from which a phrase is good or bad news."""


def mood(found: Sequence[Signal], intent: str) -> tuple[str, float]:
    """Return the sentiment of a reply and its score, −1 to 1.

    The score is the mean polarity of what was found, the chosen intent counting double.
    """
    total = weighted = 0.0
    is_good = is_bad = False
    for group, strength in found:
        weight = 2 * strength if group.intent == intent else strength
        total += weight
        weighted += weight * group.polarity
        if strength >= 0.5:
            is_good = is_good or group.polarity >= _GOOD
            is_bad = is_bad or group.polarity <= _BAD
    score = round(weighted / total, 3) if total else 0.0
    if is_good and is_bad:
        return "mixed", score
    return "positive" if score > 0.15 else "negative" if score < -0.15 else "neutral", score


def rejection_reason(found: Sequence[Signal], own: Group | None, intent: str) -> str | None:
    """Return why a refusal refuses; a plain "not interested" takes its reason from an objection beside it."""
    if own is None:
        return None
    if intent == "not_interested":
        for group, strength in found:
            if group.intent == "objection" and strength >= 0.5:
                return group.rejection_reason
    return own.rejection_reason


def question(text: str, intent: str) -> str | None:
    """Return the first sentence that asks something; the first line of a question without a question mark."""
    asked = _asked(text)
    return text.strip().split("\n")[0][:_MAX_QUESTION] if asked is None and intent == "question" else asked


def _asked(text: str) -> str | None:
    """Return the first sentence with words that ends in a question mark."""
    end = text.find("?")
    while end >= 0:
        sentence = text[max(text.rfind(mark, 0, end) for mark in ".!?\n") + 1 : end].strip()
        if sentence:
            return f"{sentence}?"[:_MAX_QUESTION]
        end = text.find("?", end + 1)
    return None


def topics(words: Sequence[str]) -> tuple[str, ...]:
    """Return what a reply is about by single words, at most five topics, in the order of the text."""
    known = rules().topics
    found = [topic for word in words if word in known for topic in known[word]]
    return tuple(dict.fromkeys(found))[:5] if found else ()
