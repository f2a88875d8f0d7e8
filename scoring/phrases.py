"""Phrases as data: a small pattern language over words, searched in one pass over a text.

A text is read as words in lower case without accents, contractions written out, punctuation as words of its
own. A phrase is written the same way, accents allowed, with a few signs:

`(a|b c)` one of · `[a|b]` one of or nothing · `{name}` the words of that name · `a~` words that begin with a
· `<number>`, `<time>` (of day), `<mail>` (an address), `<status>` (5.1.1, of a mail server) such a word ·
`*` up to three words, `**` up to six, neither beyond the sentence · `^` and `$` the beginning and the end of
the text · `<` the beginning of a sentence · `>` the end of a clause.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SENTENCE_ENDS = frozenset(".!?;")
SHORT_LINE = 60
"""A line break after fewer characters than this was meant; after more it only wraps the line."""

START, END = "<s>", "</s>"
NUMBER, TIME, MAIL, STATUS = "<number>", "<time>", "<mail>", "<status>"
OTHER = ""
"""Stands for every word that no phrase knows."""

MAX_CACHED = 50_000
"""States and words that a book remembers; above it, it begins anew, so that its memory stays bounded."""

_TOKEN = re.compile(r"[^\W_]+(?:['.][^\W_]+)*|[.!?;,]")
_TOKEN_OR_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+|[^\W_]+(?:['.][^\W_]+)*|[.!?;,]")
_URL = re.compile(r"https?://\S+|www\.\S+")
_PIECE = re.compile(r"\([^)]*\)|\[[^\]]*\]|\S+")
_NAMED = re.compile(r"\{(\w+)\}")
_TIME = re.compile(r"\d{1,2}(?:[.:h]\d\d)?(?:am|pm|h|uhr)|\d{1,2}[:h]\d\d")
_STATUS = re.compile(r"[245]\.[0-7]\.\d{1,3}")
_SIGNS = {"<": (START, *SENTENCE_ENDS), ">": (END, *SENTENCE_ENDS, ",")}
_GAPS = {"*": 3, "**": 6}
_ROOT = 0


def _accents() -> dict[int, str]:
    folded = {
        code: "".join(c for c in unicodedata.normalize("NFD", chr(code)) if not unicodedata.combining(c))
        for code in range(0xC0, 0x250)
    }
    special = {
        "ß": "ss",
        "œ": "oe",
        "æ": "ae",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ı": "i",
        "’": "'",
        "‘": "'",
        "`": "'",
    }
    return folded | {ord(letter): text for letter, text in special.items()} | {ord("´"): "'", ord("¿"): " "}


_ACCENTS = _accents()
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def fold(text: str) -> str:
    """Return a lower-case text without accents: "für" → "fur"."""
    return text if text.isascii() else text.translate(_ACCENTS)


def tokens(text: str) -> list[str]:
    """Split a text into lower-case words without accents and signs of punctuation; addresses stay whole."""
    if "://" in text or "www." in text:
        text = _URL.sub(" ", text)
    text = fold(text.lower()).replace("e-mail", "email")
    find = (_TOKEN_OR_ADDRESS if "@" in text else _TOKEN).findall
    if "\n" not in text:
        found = find(text)
    else:
        found = []
        for line in text.split("\n"):
            found += find(line)
            if found and len(line) < SHORT_LINE and found[-1] not in SENTENCE_ENDS and found[-1] != ",":
                found.append(".")
    if found and found[-1] not in SENTENCE_ENDS:
        found.append(".")
    return found


def write_out(words: list[str], spelling: Mapping[str, str], elisions: Mapping[str, str]) -> list[str]:
    """Write contractions and misspellings out ("don't" → "do not"), and elisions ("l'offre" → "le offre")."""
    written: list[str] = []
    for word in words:
        full = spelling.get(word)
        if full is not None:
            written += full.split()
        elif elisions and "'" in word and "@" not in word:
            first, rest = word.split("'", 1)
            written += [part for part in (elisions.get(first, first), rest) if part]
        else:
            written.append(word)
    return written


def classes_of(word: str) -> tuple[str, ...]:
    """Return the classes of a word or of one of these classes, the narrowest first."""
    if word == MAIL or "@" in word:
        return (MAIL,)
    for name, pattern in ((TIME, _TIME), (STATUS, _STATUS)):
        if word == name or pattern.fullmatch(word):
            return name, NUMBER
    return (NUMBER,) if word == NUMBER or word[:1].isdigit() else ()


@dataclass(frozen=True)
class Words:
    """A text as the words that phrases are matched on."""

    words: Sequence[str]

    def before(self, start: int, count: int, ends: frozenset[str]) -> Sequence[str]:
        """Return up to `count` words before position `start`, in order, back to one of `ends`."""
        begin = max(start - count, 0)
        for position in range(start - 1, begin - 1, -1):
            if self.words[position] in ends:
                return self.words[position + 1 : start]
        return self.words[begin:start]

    def after(self, end: int, count: int, ends: frozenset[str] = SENTENCE_ENDS) -> Sequence[str]:
        """Return up to `count` words from position `end`, in order, up to one of `ends`."""
        found = self.words[end : end + count]
        for position, word in enumerate(found):
            if word in ends:
                return found[:position]
        return found


class _State(dict[str, "_State | None"]):
    """Where one may be in all phrases at once; by word, where that word leads. Made when first needed."""

    __slots__ = ("book", "groups", "nodes")

    def __init__(self, book: PhraseBook, nodes: frozenset[int]) -> None:
        self.book = book
        self.nodes = nodes
        self.groups = tuple(sorted({group for node in nodes for group in book.accepted.get(node, ())}))

    def __missing__(self, word: str) -> _State | None:
        self[word] = state = self.book.step(self.nodes, word)
        return state


class _Symbols(dict[str, str]):
    """By word, what it is to the phrases of a book: itself, a class of words, or any other."""

    def __init__(self, exact: frozenset[str], prefixes: tuple[str, ...]) -> None:
        self.exact = exact
        self.prefixes = prefixes

    def __missing__(self, word: str) -> str:
        if len(self) > MAX_CACHED:
            self.clear()
        self[word] = symbol = self._symbol(word)
        return symbol

    def _symbol(self, word: str) -> str:
        if word in self.exact or (self.prefixes and word.startswith(self.prefixes)):
            return word
        return (classes_of(word) or (OTHER,))[0]


class PhraseBook:
    """Groups of phrases, searched together: an automaton whose states are made as texts need them."""

    def __init__(
        self,
        groups: Sequence[Iterable[str]],
        named: Mapping[str, Sequence[str]] | None = None,
        spelling: Mapping[str, str] | None = None,
        elisions: Mapping[str, str] | None = None,
    ) -> None:
        """Compile `groups`; the number of a group is its position. named: words that `{name}` stands for.

        spelling, elisions: what texts are written out by, and so the phrases. Raises ValueError for a phrase
        that cannot be read.
        """
        self.accepted: dict[int, set[int]] = {}
        self._named = {name: "|".join(words) for name, words in (named or {}).items()}
        self._spelling, self._elisions = spelling or {}, elisions or {}
        self._edges: list[dict[str, set[int]]] = [{}]
        self._prefixes: dict[int, list[tuple[str, int]]] = {}
        for number, phrases in enumerate(groups):
            for phrase in phrases:
                self._add(phrase, number)
        self._ways = [{word: tuple(targets) for word, targets in edges.items()} for edges in self._edges]
        exact = frozenset(word for edges in self._edges for word in edges)
        self._edges.clear()  # `_ways` says the same, and the garbage collector need not look at it
        prefixes = {prefix for found in self._prefixes.values() for prefix, _ in found}
        self._symbols = _Symbols(exact | {START, END} | SENTENCE_ENDS | {","}, tuple(sorted(prefixes)))
        self.vocabulary = frozenset(word for word in exact if word.isalpha())
        self._states: dict[frozenset[int], _State] = {}
        self._root = _State(self, frozenset({_ROOT}))

    def search(self, words: Words) -> list[tuple[int, int, int]]:
        """Return every match as start, end (words [start, end)) and the number of the group.

        In the order of the text; of matches of a group that begin alike the shortest.
        """
        find = self._symbols.__getitem__
        symbols = [START, *map(find, words.words), END]
        root, length, found = self._root, len(symbols), []
        for start in range(length):
            state = root[symbols[start]]
            position = start
            seen: set[int] | None = None
            while state is not None:
                position += 1
                if state.groups:
                    seen = seen if seen is not None else set()
                    for group in state.groups:
                        if group not in seen:
                            seen.add(group)
                            found.append((start - 1 if start else 0, position - 1, group))
                if position == length:
                    break
                state = state[symbols[position]]
        return found

    def step(self, nodes: frozenset[int], word: str) -> _State | None:
        """Return where a word leads from `nodes`; None where no phrase goes on with it."""
        reached: set[int] = set()
        is_gap_word = word not in SENTENCE_ENDS and word not in {START, END}
        for node in nodes:
            ways = self._ways[node]
            reached.update(ways.get(word, ()))
            if is_gap_word:
                reached.update(ways.get("*", ()))
            for name in classes_of(word):
                reached.update(ways.get(name, ()))
            if node in self._prefixes:
                reached.update(target for prefix, target in self._prefixes[node] if word.startswith(prefix))
        if not reached:
            return None
        key = frozenset(reached)
        if key not in self._states:
            if len(self._states) > MAX_CACHED:
                self._states.clear()
                self._root.clear()
            self._states[key] = _State(self, key)
        return self._states[key]

    def _add(self, phrase: str, number: int) -> None:
        """Add a phrase: from each node where one may stand, edges for its next piece."""
        pieces = _PIECE.findall(_NAMED.sub(lambda name: self._named_words(name[1], phrase), phrase))
        while pieces and (pieces[-1] in _GAPS or pieces[-1][0] == "["):
            pieces.pop()  # what may follow a match need not be looked at
        if not pieces:
            raise ValueError(f"phrase {phrase!r} has no word that is always there")
        nodes = {_ROOT}
        for piece in pieces:
            if piece in _GAPS:
                nodes = nodes | self._gap(nodes, _GAPS[piece])
            elif piece == "$":
                nodes = {self._end(nodes)}
            else:
                nodes = self._piece(nodes, piece, phrase)
        for node in nodes:
            self.accepted.setdefault(node, set()).add(number)

    def _piece(self, nodes: set[int], piece: str, phrase: str) -> set[int]:
        is_choice, is_optional = piece[0] in "([", piece[0] == "["
        if is_choice and piece[-1] not in ")]":
            raise ValueError(f"phrase {phrase!r}: {piece} is not closed")
        choices = piece[1:-1].split("|") if is_choice else [piece]
        target = self._node()
        for choice in choices:
            for words in self._spellings(choice):
                for node in nodes:
                    self._chain(node, words, target)
        return nodes | {target} if is_optional else {target}

    def _named_words(self, name: str, phrase: str) -> str:
        if name not in self._named:
            raise ValueError(f"phrase {phrase!r}: no words are named {name}")
        return self._named[name]

    def _spellings(self, text: str) -> list[list[str]]:
        """Return a text as the words that it may stand as: without accents, and with "ue" for "ü"."""
        lower = text.replace("’", "'")
        forms = dict.fromkeys((fold(lower), fold(lower.translate(_UMLAUTS))))
        written = [write_out(form.split(), self._spelling, self._elisions) for form in forms]
        if not all(written):
            raise ValueError(f"phrases: a choice is empty beside {text!r}")
        return written

    def _chain(self, node: int, words: Sequence[str], target: int) -> None:
        for position, word in enumerate(words):
            following = target if position == len(words) - 1 else self._node()
            if word in {"^", *_SIGNS}:
                for sign in _SIGNS.get(word, (START,)):
                    self._edges[node].setdefault(sign, set()).add(following)
            elif word[-1] == "~":
                self._prefixes.setdefault(node, []).append((word[:-1], following))
            else:
                self._edges[node].setdefault(word, set()).add(following)
            node = following

    def _gap(self, nodes: set[int], length: int) -> set[int]:
        chain: set[int] = set()
        for _ in range(length):
            following = self._node()
            for node in nodes:
                self._edges[node].setdefault("*", set()).add(following)
            nodes = {following}
            chain |= nodes
        return chain

    def _end(self, nodes: set[int]) -> int:
        loop, target = self._node(), self._node()
        for node in (*nodes, loop):
            for sign in ".!?":
                self._edges[node].setdefault(sign, set()).add(loop)
            self._edges[node].setdefault(END, set()).add(target)
        return target

    def _node(self) -> int:
        self._edges.append({})
        return len(self._edges) - 1
