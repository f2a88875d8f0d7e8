"""The person a reply sends us to: "please contact Bob Smith (bob@example.com)"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from scoring.lexicons import read_lexicon

_EMAIL = r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+"
_NAME = r"[A-ZÀ-Þ](?:[^\W\d_]|['’-])+(?:[ ][A-ZÀ-Þ](?:[^\W\d_]|['’.-])*){0,2}"
_BETWEEN = r"(?:(?i:(?:my|our|the|his|her|instead|directly|at|with|to|in|please)\b)[ ,:]*)*"
_ROLE = rf"(?:[a-z]+(?:[ ][a-z]+){{0,3}},?[ ](?={_NAME}))?"


@dataclass(frozen=True)
class _Vocabulary:
    trigger: re.Pattern[str]
    not_advice: frozenset[str]
    no_names: frozenset[str]


@lru_cache(maxsize=1)
def _vocabulary() -> _Vocabulary:
    document = read_lexicon("referrals").document
    return _Vocabulary(
        trigger=re.compile(
            rf"(?P<before>\b[\w'’]+[ ])?\b(?i:{'|'.join(document['triggers'])})[ :,]+{_BETWEEN}{_ROLE}"
            rf"(?:(?P<name>{_NAME})(?:[^@\n]{{0,40}}?\b(?P<email>{_EMAIL}))?|(?P<bare>{_EMAIL}))"
        ),
        not_advice=frozenset(document["not_advice_after"]),
        no_names=frozenset(document["no_names"]),
    )


def referred_contact(text: str) -> str | None:
    """Return whom a text sends us to, as `Name <address>`, `Name` or `address`; None when it names nobody."""
    vocabulary = _vocabulary()
    for found in vocabulary.trigger.finditer(text):
        if (found["before"] or "").strip().lower().replace("’", "'") in vocabulary.not_advice:
            continue
        name = _name(found["name"], vocabulary.no_names)
        email = found["email"] or found["bare"]
        if name and email:
            return f"{name} <{email}>"
        if name or email:
            return name or email
    return None


def _name(name: str | None, no_names: frozenset[str]) -> str | None:
    """Return the leading words of a capitalised run that can be a person's name."""
    kept: list[str] = []
    for word in (name or "").split():
        if re.split(r"['’]", word)[0].rstrip(".").lower() in no_names:
            break
        kept.append(word.rstrip("."))
    return " ".join(kept) or None
