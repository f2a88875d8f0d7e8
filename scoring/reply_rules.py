"""The lexicons of replies, compiled: which intents a text speaks for, and how strongly."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

from scoring.lexicons import read_lexicon
from scoring.phrases import SENTENCE_ENDS, Words
from scoring.reply_languages import PSEUDO, TURN, Language, Unless, languages
from scoring.reply_words import word_weights

_FLOOR, _SPAN = 0.05, 0.85
NEAR = 4
"""Words around a match in which what cancels it is looked for."""


@dataclass(frozen=True, eq=False)
class Group:
    """What a group of phrases means, in whatever language. `polarity` is −1 to 1."""

    name: str
    intent: str
    weight: float
    polarity: float
    is_positive: bool
    is_opt_out: bool
    objection_type: str | None
    rejection_reason: str | None
    is_negatable: bool
    negated: str | None
    negated_weight: float


class Signal(NamedTuple):
    """A group that a text speaks for, with the strength of its best match (0–1)."""

    group: Group
    strength: float


@dataclass(frozen=True)
class Rules:
    """What all languages share, ready to use. groups: by intent and name."""

    groups: Mapping[tuple[str, str], Group]
    pulls: Mapping[str, float]
    silence: tuple[float, ...]
    positions: Mapping[str, int]
    decisive: frozenset[str]
    word_share_elsewhere: float
    plain_strength: float
    contrast_factor: float
    calibration: tuple[tuple[float, float], ...]
    sure_bound: float
    tied_confidence: float
    outranked: Mapping[str, str]
    settled: float
    open_to: float
    settled_confidence: float
    unclear_confidence: Mapping[str, float]
    topics: Mapping[str, tuple[str, ...]]
    subjects: Mapping[str, tuple[str, ...]]
    requires_response: frozenset[str]
    suggested_actions: Mapping[str, str]

    def suggested_action(self, intent: str, objection_type: str | None) -> str:
        """Return what to do about a reply."""
        special = self.suggested_actions.get(f"{intent}/{objection_type}")
        return special or self.suggested_actions[intent]

    def score(self, intent: str, strength: float) -> float:
        """Return how much phrases that were found with a strength of 0 to 1 add to an intent's score.

        It counts from `silence`, the scores of intents (in the order of `positions`) without any phrase.
        """
        return self.pulls[intent] * (_log_odds(strength) - _log_odds(0.0))

    def calibrated(self, share: float | None) -> float:
        """Return how likely an intent of this share of the likelihood is right; None: all but settled."""
        if share is None:
            return self.settled_confidence
        points = self.calibration
        after = bisect_right(points, (share, 2.0))
        if after in {0, len(points)}:
            return points[min(after, len(points) - 1)][1]
        (x0, y0), (x1, y1) = points[after - 1], points[after]
        return y0 + (y1 - y0) * (share - x0) / (x1 - x0)


@lru_cache(maxsize=4096)
def _log_odds(strength: float) -> float:
    chance = _FLOOR + _SPAN * strength
    return math.log(chance / (1 - chance))


@lru_cache(maxsize=1)
def rules() -> Rules:
    """Read and compile what the languages share, once a process."""
    document = read_lexicon("replies").document
    pulls = {
        intent: document["decisive_pull" if intent in document["decisive"] else "pull"]
        for intent in document["intents"]
    }
    intents = word_weights().intents
    topics: dict[str, list[str]] = {}
    for topic, words in document["topics"].items():
        for word in words:
            topics.setdefault(word, []).append(topic)
    return Rules(
        groups={
            (intent, name): _group(intent, name, parent, body)
            for intent, parent in document["intents"].items()
            for name, body in parent["groups"].items()
        },
        pulls=pulls,
        silence=tuple(pulls[intent] * _log_odds(0.0) for intent in intents),
        positions={intent: position for position, intent in enumerate(intents)},
        decisive=frozenset(document["decisive"]),
        word_share_elsewhere=document["word_share_elsewhere"],
        plain_strength=document["plain_strength"],
        contrast_factor=document["contrast_factor"],
        calibration=tuple((low, high) for low, high in document["calibration"]),
        sure_bound=document["sure_bound"],
        tied_confidence=document["tied_confidence"],
        outranked=document["outranked"],
        settled=document["settled"],
        open_to=document["open_to"],
        settled_confidence=document["settled_confidence"],
        unclear_confidence=document["unclear_confidence"],
        topics={word: tuple(found) for word, found in topics.items()},
        subjects={intent: tuple(starts) for intent, starts in document["subjects"].items()},
        requires_response=frozenset(document["requires_response"]),
        suggested_actions=document["suggested_actions"],
    )


def _group(intent: str, name: str, parent: Mapping[str, Any], body: Mapping[str, Any]) -> Group:
    return Group(
        name=name,
        intent=intent,
        weight=body["weight"],
        polarity=body.get("polarity", parent["polarity"]),
        is_positive=body.get("is_positive", parent.get("is_positive", False)),
        is_opt_out=body.get("is_opt_out", False),
        objection_type=body.get("objection_type"),
        rejection_reason=body.get("rejection_reason"),
        is_negatable=body.get("is_negatable", "negated" in parent),
        negated=parent.get("negated"),
        negated_weight=parent.get("negated_weight", 0.0),
    )


class _Meaning(NamedTuple):
    """What a group of a language's book means; `group` is None for PSEUDO and TURN."""

    name: str
    group: Group | None
    unless: Unless | None


@cache
def _meanings(code: str) -> tuple[_Meaning, ...]:
    known, language = rules().groups, languages()[code]
    return tuple(
        _Meaning(name, known[intent, name] if intent else None, language.unless.get((intent, name)))
        for intent, name in language.groups
    )


def signals(words: Words, language: Language) -> list[Signal]:
    """Return every group that a text speaks for, strongest first.

    Negated matches count for what the lexicon says; a match before a "but" counts for less.
    """
    meanings = _meanings(language.code)
    found: list[tuple[int, int, Group]] = []
    apparent: set[int] = set()
    turns: list[int] = []
    for start, end, number in language.book.search(words):
        name, group, unless = meanings[number]
        if group:
            if not (unless and _is_cancelled(start, end, unless, words)):
                found.append((start, end, group))
        elif name == PSEUDO:
            apparent.update(range(start, end))
        elif name == TURN and language.courtesies.isdisjoint(words.after(end, 2)):
            turns.append(start)
    shared = rules()
    may_be_negated = not language.negators.isdisjoint(words.words)
    best: dict[Group, float] = {}
    for start, end, group in found:
        strength = group.weight
        if strength <= best.get(group, 0.0):
            continue
        if may_be_negated and group.is_negatable and _is_negated(start, end, words, language, apparent):
            if group.negated is None:
                continue
            strength *= group.negated_weight
            group = shared.groups[group.negated, "sure"]
        if turns and group.intent not in shared.decisive and _is_conceded(end, turns, words):
            strength *= shared.contrast_factor
        if strength > best.get(group, 0.0):
            best[group] = strength
    return sorted(map(Signal._make, best.items()), key=_weakness) if best else []


def _weakness(signal: Signal) -> float:
    return -signal.strength


def _is_cancelled(start: int, end: int, unless: Unless, words: Words) -> bool:
    before = words.before(start, NEAR, SENTENCE_ENDS) if unless.before else ()
    after = words.after(end, NEAR) if unless.after else ()
    return not (unless.before.isdisjoint(before) and unless.after.isdisjoint(after))


def _is_negated(start: int, end: int, words: Words, language: Language, apparent: set[int]) -> bool:
    """Say whether a negator of its clause stands before the match, or after it in some languages."""
    before = words.before(start, language.negation_reach, language.clause_ends)
    if _negates(before, start - len(before), language.negators, apparent):
        return True
    if not language.after_reach:
        return False
    after = words.after(end, language.after_reach, language.clause_ends)
    return _negates(after, end, language.negators_after, apparent)


def _negates(words: Sequence[str], start: int, negators: frozenset[str], apparent: set[int]) -> bool:
    if negators.isdisjoint(words):
        return False
    return any(word in negators and start + at not in apparent for at, word in enumerate(words))


def _is_conceded(end: int, turns: Sequence[int], words: Words) -> bool:
    """Say whether a "but" follows the match, in its sentence or at the beginning of the next."""
    for turn in turns:
        if turn >= end:
            ends = [at for at in range(end, turn) if words.words[at] in SENTENCE_ENDS]
            return not ends or ends == [turn - 1]
    return False
