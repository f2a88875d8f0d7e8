"""The lexicon of replies, compiled: which intents a text speaks for, and how strongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from scoring.lexicons import read_lexicon
from scoring.phrases import Found, PhraseBook, Words, read_words

NEAR = 4
"""Words around a match in which `unless_before` and `unless_after` look."""


@dataclass(frozen=True, eq=False)
class Group:
    """A group of phrases of one intent; what it means besides the intent. `polarity` is −1 to 1."""

    name: str
    intent: str
    weight: float
    polarity: float
    is_positive: bool
    is_opt_out: bool
    objection_type: str | None
    rejection_reason: str | None
    can_be_negated: bool
    negated: str | None
    negated_weight: float
    unless_before: frozenset[str]
    unless_after: frozenset[str]


@dataclass(frozen=True)
class Signal:
    """A group that a text speaks for, with the strength of its best match (0–1)."""

    group: Group
    strength: float


@dataclass(frozen=True)
class Rules:
    """The whole lexicon, ready to search."""

    groups: tuple[Group, ...]
    book: PhraseBook
    spelling: Mapping[str, str]
    negators: frozenset[str]
    negation_reach: int
    pseudo_negations: tuple[str, ...]
    contrast: tuple[str, ...]
    contrast_factor: float
    courtesies: frozenset[str]
    english: frozenset[str]
    other_languages: frozenset[str]
    decisive: tuple[str, ...]
    decisive_weight: float
    precedence: tuple[str, ...]
    margin: float
    minimum_weight: float
    topics: Mapping[str, frozenset[str]]
    subjects: Mapping[str, tuple[str, ...]]
    requires_response: frozenset[str]
    suggested_actions: Mapping[str, str]

    def suggested_action(self, intent: str, objection_type: str | None) -> str:
        """Return what to do about a reply."""
        special = self.suggested_actions.get(f"{intent}/{objection_type}")
        return special or self.suggested_actions[intent]

    def group(self, intent: str, name: str) -> Group:
        """Return one group by name; raises KeyError when the lexicon lacks it."""
        for group in self.groups:
            if (group.intent, group.name) == (intent, name):
                return group
        raise KeyError(f"replies.yml: intent {intent} has no group {name}")

    def plain(self, intent: str) -> Group:
        """Return the first group of an intent; it stands for a match that was negated into the intent."""
        return next(group for group in self.groups if group.intent == intent)


@lru_cache(maxsize=1)
def rules() -> Rules:
    """Read and compile the lexicon, once a process."""
    document = read_lexicon("replies").document
    bodies = [
        (intent, name, body | {"intent": intent_body})
        for intent, intent_body in document["intents"].items()
        for name, body in intent_body["groups"].items()
    ]
    return Rules(
        groups=tuple(_group(intent, name, body) for intent, name, body in bodies),
        book=PhraseBook([body["phrases"] for _, _, body in bodies]),
        spelling=document["spelling"],
        negators=frozenset(document["negators"]),
        negation_reach=document["negation_reach"],
        pseudo_negations=tuple(document["pseudo_negations"]),
        contrast=tuple(document["contrast"]),
        contrast_factor=document["contrast_factor"],
        courtesies=frozenset(document["courtesies"]),
        english=frozenset(document["languages"]["english"]),
        other_languages=frozenset(document["languages"]["other"]),
        decisive=tuple(document["decisive"]),
        decisive_weight=document["decisive_weight"],
        precedence=tuple(document["precedence"]),
        margin=document["margin"],
        minimum_weight=document["minimum_weight"],
        topics={topic: frozenset(words) for topic, words in document["topics"].items()},
        subjects={intent: tuple(starts) for intent, starts in document["subjects"].items()},
        requires_response=frozenset(document["requires_response"]),
        suggested_actions=document["suggested_actions"],
    )


def _group(intent: str, name: str, body: Mapping[str, Any]) -> Group:
    parent = body["intent"]
    return Group(
        name=name,
        intent=intent,
        weight=body["weight"],
        polarity=body.get("polarity", parent["polarity"]),
        is_positive=body.get("is_positive", parent.get("is_positive", False)),
        is_opt_out=body.get("is_opt_out", False),
        objection_type=body.get("objection_type"),
        rejection_reason=body.get("rejection_reason"),
        can_be_negated="negated" in body or "negated" in parent,
        negated=body["negated"] if "negated" in body else parent.get("negated"),
        negated_weight=parent.get("negated_weight", 0.0),
        unless_before=frozenset(body.get("unless_before", ())) | frozenset(parent.get("unless_before", ())),
        unless_after=frozenset(body.get("unless_after", ())) | frozenset(parent.get("unless_after", ())),
    )


def words_of(text: str) -> Words:
    """Return a text as the words that phrases are matched on."""
    return read_words(text, rules().spelling)


def is_foreign(words: Words) -> bool:
    """Say whether a text is not English, as far as its small words and its script tell."""
    lexicon = rules()
    letters = [character for character in words.text if character.isalpha()]
    if sum(character > "\u024f" for character in letters) * 3 > len(letters):
        return True
    english = sum(word in lexicon.english for word in words.words)
    other = sum(word in lexicon.other_languages or not word.isascii() for word in words.words)
    return other > english


def signals(words: Words, foreign: bool) -> list[Signal]:
    """Return every group that the text speaks for, strongest first.

    Negated matches count for what the lexicon says; a match before a "but" counts for less; good news and
    questions are never read from a `foreign` text.
    """
    lexicon = rules()
    text = _without_pseudo_negations(words)
    masked = Words(words.words, text)
    turns = _turns(text)
    best: dict[Group, float] = {}
    for found in lexicon.book.search(words):
        group = lexicon.groups[found.group]
        if _is_cancelled(group, found, words):
            continue
        strength = group.weight
        if group.can_be_negated and _is_negated(found, masked):
            if group.negated is None:
                continue
            strength *= group.negated_weight
            group = lexicon.plain(group.negated)
        if group.intent not in lexicon.decisive and _is_conceded(found, turns, text):
            strength *= lexicon.contrast_factor
        if not (foreign and group.polarity > 0) and strength > best.get(group, 0.0):
            best[group] = strength
    return sorted((Signal(*item) for item in best.items()), key=lambda signal: -signal.strength)


def _is_cancelled(group: Group, found: Found, words: Words) -> bool:
    if group.unless_before and group.unless_before.intersection(words.before(found.start + 1, NEAR)):
        return True
    return bool(group.unless_after) and not group.unless_after.isdisjoint(words.after(found.end, NEAR))


def _is_negated(found: Found, masked: Words) -> bool:
    lexicon = rules()
    before = masked.before(found.start + 1, lexicon.negation_reach)
    return not lexicon.negators.isdisjoint(before)


def _without_pseudo_negations(words: Words) -> str:
    """Blank out "no problem", "do not hesitate" and the like, letter for letter."""
    text = words.text
    for phrase in rules().pseudo_negations:
        if phrase in text:
            text = text.replace(f" {phrase} ", f" {'-' * len(phrase)} ")
    return text


def _turns(text: str) -> list[int]:
    """Return where a "but" turns a sentence, courtesies ("but thanks") aside."""
    lexicon = rules()
    found = []
    for word in lexicon.contrast:
        position = text.find(f" {word} ")
        while position >= 0:
            following = text[position + len(word) + 1 :].split(maxsplit=2)[:2]
            if lexicon.courtesies.isdisjoint(following):
                found.append(position)
            position = text.find(f" {word} ", position + 1)
    return found


def _is_conceded(found: Found, turns: Sequence[int], text: str) -> bool:
    """Say whether a "but" follows the match, in its sentence or at the beginning of the next."""
    for turn in turns:
        if turn >= found.end:
            between = text[found.end : turn].rstrip()
            ends = [position for position, character in enumerate(between) if character in ".!?;"]
            return not ends or ends == [len(between) - 1]
    return False
