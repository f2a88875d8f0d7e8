"""Phrases as data: a small pattern language over words, compiled once and searched fast.

A text is read as words in lower case, contractions written out, punctuation as words of its own. A phrase is
written the same way, with a few signs: `(a|b c)` one of · `[a|b]` one of or nothing · `*` up to three words ·
`**` up to six words · `^` and `$` the beginning and the end of the text. Gaps never cross a sentence's end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

SENTENCE_ENDS = frozenset(".!?;")
CLAUSE_ENDS = SENTENCE_ENDS | {",", "but", "however"}
SHORT_LINE = 60
"""A line break after fewer characters than this was meant; after more it only wraps the line."""

_TOKEN = re.compile(r"[^\W_]+(?:['’./@#-][^\W_]+)*|[.!?;,]", re.UNICODE)
_URL = re.compile(r"https?://\S+|www\.\S+")
_PIECE = re.compile(r"\([^)]*\)|\[[^\]]*\]|\S+")
_GAP = r"(?:[^.!?; ]+ ){0,%d}?"


@dataclass(frozen=True)
class Words:
    """A text as words: `text` is them joined by single spaces, one more at either end."""

    words: tuple[str, ...]
    text: str

    def before(self, start: int, count: int) -> list[str]:
        """Return up to `count` words of the same clause before character `start`, nearest first."""
        found: list[str] = []
        for word in reversed(self.text[:start].split()[-count:]):
            if word in CLAUSE_ENDS:
                break
            found.append(word)
        return found

    def after(self, end: int, count: int) -> list[str]:
        """Return up to `count` words of the same sentence that stand after character `end`."""
        found: list[str] = []
        for word in self.text[end : end + 20 * count].split()[:count]:
            if word in SENTENCE_ENDS:
                break
            found.append(word)
        return found


def read_words(text: str, spelling: Mapping[str, str]) -> Words:
    """Split a text into words; `spelling` writes contractions and misspellings out ("don't" → "do not")."""
    words: list[str] = []
    lines = _URL.sub(" ", text.replace("’", "'")).lower().split("\n")
    for line in lines:
        for token in _TOKEN.findall(line):
            written = spelling.get(token)
            if written is None:
                words.append(token)
            else:
                words.extend(written.split())
        if words and words[-1] not in CLAUSE_ENDS and len(line) < SHORT_LINE:
            words.append(".")
    if words and words[-1] not in SENTENCE_ENDS:
        words.append(".")
    return Words(tuple(words), f" {' '.join(words)} ")


class Found(NamedTuple):
    """A phrase found: characters [start, end) of `Words.text`, the number of its group."""

    start: int
    end: int
    group: int


class PhraseBook:
    """Groups of phrases, searched together. Only phrases one of whose words occurs are tried."""

    def __init__(self, groups: Sequence[Iterable[str]]) -> None:
        """Compile `groups`; the number of a group is its position."""
        self._by_word: dict[str, list[tuple[int, re.Pattern[str]]]] = {}
        for number, phrases in enumerate(groups):
            for phrase in phrases:
                entry = (number, re.compile(" " + "".join(_piece(piece) for piece in _PIECE.findall(phrase))))
                for word in _rarest(phrase):
                    self._by_word.setdefault(word, []).append(entry)

    def search(self, words: Words) -> list[Found]:
        """Return every group's matches, several of a group included, in the order of the text."""
        found = {
            Found(match.start(), match.end() - 1, number)
            for word in set(words.words)
            for number, pattern in self._by_word.get(word, ())
            for match in pattern.finditer(words.text)
        }
        return sorted(found)


def _piece(piece: str) -> str:
    if piece == "^":
        return r"(?<=\A )"
    if piece == "$":
        return r"(?:[.!?] )*\Z"
    if piece in {"*", "**"}:
        return _GAP % (3 if piece == "*" else 6)
    if piece.startswith("("):
        return f"(?:{_alternatives(piece)}) "
    if piece.startswith("["):
        return f"(?:(?:{_alternatives(piece)}) )?"
    return f"{re.escape(piece)} "


def _alternatives(piece: str) -> str:
    return "|".join(re.escape(text) for text in piece[1:-1].split("|"))


def _rarest(phrase: str) -> list[str]:
    """Return words of which a text must hold one for the phrase to match: those likely to be rarest."""
    choices: list[list[str]] = []
    for piece in _PIECE.findall(phrase):
        if piece.startswith("("):
            choices.append([max(text.split(), key=len) for text in piece[1:-1].split("|")])
        elif piece[0] not in "[*^$.!?,;":
            choices.append([piece])
    if not choices:
        raise ValueError(f"phrase {phrase!r} has no word that is always there")
    return max(choices, key=lambda words: min(len(word) for word in words) - len(words) / 4)
