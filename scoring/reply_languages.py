"""The language of a reply, by its small words and its script, and the phrases that it is read with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from scoring.lexicons import read_lexicon
from scoring.phrases import SENTENCE_ENDS, PhraseBook, Words, fold, write_out

ENGLISH = "en"
PSEUDO, TURN = "pseudo", "turn"
"""Groups of a book that speak for no intent: what only looks negated, and what says "but"."""

SMALL, SPECIFIC = 2, 1
"""What a small word of a language tells of it, and what any other word that only its phrases know."""

_OTHER_LETTERS = frozenset("łżśźćńęąřšěžýůőűşğıțășđåøæŁŻŚŹĆŘŠŽÝŐŰŞĞȚĂȘĐÅØÆ")
_OTHER_SCRIPT = re.compile(r"[\u0370-\u1dff\u2e80-\ud7ff\uf900-\ufdff]")


@dataclass(frozen=True)
class Unless:
    """Words of the same sentence that cancel a match of a group that they stand near: before or after it."""

    before: frozenset[str]
    after: frozenset[str]


@dataclass(frozen=True, eq=False)
class Language:
    """One language: how its texts are written out, what negates in it, and its phrases.

    groups: of each group of the book, the intent and the name. word_classes: days and months, to `<day>` and
    `<month>`. negation_reach, after_reach: words before and
    after a match in which a negator counts; `negators_after` are those that may follow.
    """

    code: str
    spelling: Mapping[str, str]
    elisions: Mapping[str, str]
    small_words: frozenset[str]
    negators: frozenset[str]
    negation_reach: int
    negators_after: frozenset[str]
    after_reach: int
    clause_ends: frozenset[str]
    courtesies: frozenset[str]
    groups: tuple[tuple[str, str], ...]
    unless: Mapping[tuple[str, str], Unless]
    word_classes: Mapping[str, str]
    has_capital_nouns: bool
    book: PhraseBook

    def words_of(self, tokens: list[str]) -> Words:
        """Return tokens as the words that phrases are matched on."""
        return Words(write_out(tokens, self.spelling, self.elisions))


@lru_cache(maxsize=1)
def languages() -> Mapping[str, Language]:
    """Read and compile the lexicons of all languages, once a process."""
    return {code: _language(code) for code in read_lexicon("replies").document["languages"]}


def _language(code: str) -> Language:
    document = read_lexicon(f"replies/{code}").document
    spelling = {fold(word): fold(full) for word, full in document.get("spelling", {}).items()}
    elisions = document.get("elisions", {})
    phrases = {
        (intent, name): phrases
        for intent, groups in document["intents"].items()
        for name, phrases in groups.items()
    }
    contrast = document["contrast"]
    phrases |= {
        ("", PSEUDO): document["pseudo_negations"],
        ("", TURN): contrast,
    }
    return Language(
        code=code,
        spelling=spelling,
        elisions=elisions,
        small_words=_words(document["small_words"]),
        negators=_words(document["negators"]),
        negation_reach=document["negation_reach"],
        negators_after=_words(document.get("negators_after", "")),
        after_reach=document.get("after_reach", 0),
        clause_ends=SENTENCE_ENDS
        | {","}
        | _words(document["conjunctions"])
        | {word for word in contrast if " " not in word},
        courtesies=_words(document["courtesies"]),
        groups=tuple(phrases),
        unless={
            (intent, name): Unless(_words(words.get("before", "")), _words(words.get("after", "")))
            for intent, groups in document.get("unless", {}).items()
            for name, words in groups.items()
        },
        word_classes={
            fold(word): f"<{name}>"
            for name in ("day", "month")
            for word in document["words"][name].split("|")
            if " " not in word
        },
        has_capital_nouns=document.get("has_capital_nouns", False),
        book=PhraseBook(
            list(phrases.values()),
            {name: words.split("|") for name, words in document["words"].items()},
            spelling,
            elisions,
        ),
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(text).split())


@lru_cache(maxsize=1)
def _marks() -> tuple[Mapping[str, tuple[tuple[str | None, int], ...]], frozenset[str]]:
    """Return by word which languages it is a mark of, and how much it tells; None is any other language.

    Second, the words that are marks of other languages and none of English.
    """
    marks: dict[str, dict[str | None, int]] = {}
    known = languages()
    owners: dict[str, set[str]] = {}
    for language in known.values():
        for word in language.book.vocabulary:
            owners.setdefault(word, set()).add(language.code)
    for word, codes in owners.items():
        if len(codes) == 1 and len(word) > 1:
            marks.setdefault(word, {})[next(iter(codes))] = SPECIFIC
    small: list[tuple[str | None, Iterable[str]]] = [
        (language.code, language.small_words) for language in known.values()
    ]
    small.append((None, _words(read_lexicon("replies").document["other_languages"])))
    for code, words in small:
        for word in words:
            marks.setdefault(word, {})[code] = SMALL
    for language in known.values():
        for word in (*language.spelling, *(f"{first}'" for first in language.elisions)):
            if "'" in word:
                marks.setdefault(word, {})[language.code] = SMALL
    foreign = frozenset(word for word, of in marks.items() if ENGLISH not in of)
    return {word: tuple(of.items()) for word, of in marks.items()}, foreign


def recognise(tokens: Sequence[str], text: str) -> str | None:
    """Return the language of a text (ISO 639-1) where it is one with a lexicon, None where it is another.

    English where nothing tells. tokens: of `text`, as scoring.phrases reads them.
    """
    marks, foreign = _marks()
    if text.isascii() and foreign.isdisjoint(tokens):
        return ENGLISH
    counts: dict[str | None, int] = {}
    for token in tokens:
        found = marks.get(token)
        if found is None and "'" in token:
            found = marks.get(token[: token.index("'") + 1])
        if found is not None:
            for code, weight in found:
                counts[code] = counts.get(code, 0) + weight
    if not text.isascii():
        if 3 * len(_OTHER_SCRIPT.findall(text)) > sum(map(str.isalpha, text)):
            return None
        if not _OTHER_LETTERS.isdisjoint(text):
            counts[None] = counts.get(None, 0) + SMALL * sum(c in _OTHER_LETTERS for c in text)
    if not counts:
        return ENGLISH
    best = max(counts.values())
    return ENGLISH if counts.get(ENGLISH) == best else next(code for code, n in counts.items() if n == best)
