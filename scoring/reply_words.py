"""What the words of a reply weigh, where no phrase settles it.

`scoring/lexicons/reply_words.yml` holds how much each word, and each pair of words that follow one another,
speaks for an intent: the coefficients of a multinomial logistic regression on labelled replies, small ones
left out. `python -m benchmarks.reply_rules --weigh` makes it anew.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from scoring.lexicons import read_lexicon
from scoring.phrases import END, MAX_CACHED, START, classes_of, fold
from scoring.reply_languages import Language, languages

NAME = "<name>"
_NAME = re.compile(r"(?<=[a-z,:(@] )@?([A-Z][a-z]{2,})\b")


Pairs = tuple[tuple[int, float], ...]
"""Positions of intents, each with a weight."""


@dataclass(frozen=True)
class WordWeights:
    """Weights by word, and by two words in a row (first, then second); `bias` by intent."""

    intents: tuple[str, ...]
    bias: tuple[float, ...]
    words: Mapping[str, Pairs]
    followed: Mapping[str, Mapping[str, Pairs]]

    def scores(self, shaped: Sequence[str]) -> list[float]:
        """Return the score of each intent for the `shapes` of a text; e^score is what it is likely by."""
        scores = [*self.bias]
        words, followed = self.words, self.followed
        for word in {*shaped}:
            for intent, weight in words.get(word, ()):
                scores[intent] += weight
        previous = START
        for word in (*shaped, END):
            followers = followed.get(previous)
            if followers:
                for intent, weight in followers.get(word, ()):
                    scores[intent] += weight
            previous = word
        return scores


def weights_of(
    intents: Sequence[str], bias: Sequence[float], terms: Iterable[tuple[str, int, float]]
) -> WordWeights:
    """Return weights from (term, position of the intent, weight); a term is a word, or two and a space."""
    words: dict[str, Pairs] = {}
    followed: dict[str, dict[str, Pairs]] = {}
    for term, position, weight in terms:
        first, _, second = term.partition(" ")
        table, key = (followed.setdefault(first, {}), second) if second else (words, first)
        table[key] = (*table.get(key, ()), (position, weight))
    return WordWeights(tuple(intents), tuple(bias), words, followed)


def shapes(words: Sequence[str], text: str, language: Language) -> list[str]:
    """Return the words of `text` with days, months, numbers, addresses and names replaced by what they are.

    A name is a capitalised word within a line that no phrase of the language knows; not in German, which
    writes its nouns so.
    """
    shape = _shapes(language.code)
    shaped = [shape[word] for word in words]
    if language.has_capital_nouns:
        return shaped
    found = _NAME.findall(text)
    if not found:
        return shaped
    names = {fold(name.lower()) for name in found} - language.book.vocabulary
    return [NAME if word in names else word for word in shaped] if names else shaped


class _Shapes(dict[str, str]):
    """By word, what it is: `<day>`, `<month>`, `<number>` …, or itself."""

    def __missing__(self, word: str) -> str:
        if len(self) > MAX_CACHED:
            self.clear()
        self[word] = shape = (classes_of(word) or (word,))[0]
        return shape


@cache
def _shapes(code: str) -> _Shapes:
    return _Shapes(languages()[code].word_classes)


def terms_of(shaped: Sequence[str]) -> Counter[str]:
    """Return what of a text is weighed, and how often: its words, once each, and its words two by two."""
    framed = [START, *shaped, END]
    pairs = Counter(f"{first} {second}" for first, second in itertools.pairwise(framed))
    return Counter(set(shaped)) + pairs


@lru_cache(maxsize=1)
def word_weights() -> WordWeights:
    """Read the weights, once a process."""
    document = read_lexicon("reply_words").document
    terms = (
        (term, position, weight)
        for position, intent in enumerate(document["bias"])
        for term, weight in document["weights"][intent].items()
    )
    return weights_of(list(document["bias"]), list(document["bias"].values()), terms)
