"""The person a reply sends us to: "please contact Bob Smith (bob@example.com)"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from scoring.lexicons import read_lexicon

_EMAIL = r"[\w.+'-]+(?:@|\s?\(at\)\s?)[\w-]+(?:\.[\w-]+)+"
_PART = r"(?:de |van |von |der |den |du |da |di |la |le |ten |te |Mc|Mac|O['’])*[A-ZÀ-Þ](?:[^\W\d_]|['’-])+"
_NAME = rf"{_PART}(?:[ ](?:{_PART}|[A-ZÀ-Þ]\.?(?=[\s,.]))){{0,2}}"
_ROLE = rf"(?:[a-z]+(?:[ ][a-z]+){{0,3}},?[ ](?=@?{_NAME}))?"
_NEAR = 60
"""Characters before an address within which its owner is named."""


@dataclass(frozen=True)
class _Vocabulary:
    trigger: re.Pattern[str]
    person: re.Pattern[str]
    titled: re.Pattern[str]
    not_advice: frozenset[str]
    no_names: frozenset[str]


@lru_cache(maxsize=1)
def _vocabulary() -> _Vocabulary:
    document = read_lexicon("referrals").document
    between = rf"(?:(?i:{_one_of(document['between'])})\b[ ,.:]*)*"
    return _Vocabulary(
        trigger=re.compile(rf"\b(?:{_by_letter(document['triggers'])})(?=[ :,])"),
        person=re.compile(
            rf"[ :,]+{between}{_ROLE}"
            rf"(?:@?(?P<name>{_NAME})(?:[^@\n]{{0,40}}?\b(?P<email>{_EMAIL}))?|(?P<bare>{_EMAIL}))"
        ),
        titled=re.compile(rf"\b(?i:{_one_of(document['titles'])})\b\.?[ ](?P<name>{_NAME})"),
        not_advice=frozenset(document["not_advice_after"]),
        no_names=frozenset(document["no_names"]),
    )


def _by_letter(triggers: Iterable[str]) -> str:
    """Return triggers as one expression that looks at the first letter first, which is several times as fast.

    A trigger begins with a letter, or with a group of words.
    """
    letters: dict[str, list[str]] = {}
    for trigger in triggers:
        start = re.match(r"\(\?:([^()]*)\)", trigger)
        for first in start[1].split("|") if start else [""]:
            branch = f"{first}{trigger[start.end() :] if start else trigger}"
            letters.setdefault(branch[0], []).append(branch[1:])
    return "|".join(f"{letter}(?:{'|'.join(rests)})" for letter, rests in letters.items())


def _one_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_SIGN = re.compile(r"[\w,:(.'’] @?[A-ZÀ-Þ][^\W\d_]|@|\(at\)")
"""What a text needs to name somebody: a capitalised word within a sentence, or an address."""

_WORD_BEFORE = re.compile(r"([\w'’]+) $")
_ANY_EMAIL = re.compile(rf"\b{_EMAIL}")
_ANY_NAME = re.compile(rf"@?({_NAME})")


def referred_contact(text: str) -> str | None:
    """Return whom a text sends us to, as `Name <address>`, `Name` or `address`; None when it names nobody.

    Only what stands after words that send us there ("please contact …") counts.
    """
    if not _SIGN.search(text):
        return None
    vocabulary = _vocabulary()
    plain = text.lower()
    for trigger in vocabulary.trigger.finditer(plain if len(plain) == len(text) else text):
        start = trigger.start()
        found = vocabulary.person.match(text, trigger.end())
        if not found:
            continue
        before = _WORD_BEFORE.search(text, max(start - 20, 0), start)
        if before and before[1].lower().replace("’", "'") in vocabulary.not_advice:
            continue
        contact = _contact(found["name"], found["email"] or found["bare"])
        if contact:
            return contact
    return None


def named_contact(text: str) -> str | None:
    """Return whom a text names that sends us to somebody: an address and its owner, else a name."""
    found = _ANY_EMAIL.search(text)
    if found:
        near = text[max(found.start() - _NEAR, 0) : found.start()]
        names = [name for one in _ANY_NAME.finditer(near) if (name := _name(one[1]))]
        return _contact(names[-1] if names else None, found[0])
    titled = _vocabulary().titled.search(text)
    if titled:
        return _contact(titled["name"], None)
    return next((name for one in _ANY_NAME.finditer(text) if (name := _name(one[1]))), None)


def _contact(name: str | None, email: str | None) -> str | None:
    kept = _name(name)
    address = re.sub(r"\s?\(at\)\s?", "@", email) if email else None
    return f"{kept} <{address}>" if kept and address else kept or address


def _name(name: str | None) -> str | None:
    """Return the leading words of a capitalised run that can be a person's name."""
    kept: list[str] = []
    for word in (name or "").split():
        plain = re.split(r"['’]s?\b", word)[0].rstrip(".").lower()
        if plain in _vocabulary().no_names and (word[0].isupper() or not kept):
            break  # but "Ruben de Wit" goes on
        kept.append(re.sub(r"['’]s$", "", word))
    return " ".join(kept).rstrip(".") or None
