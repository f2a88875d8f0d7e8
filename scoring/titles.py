"""Job titles read as words: which group of seniority a title belongs to, and what ALS gives for it.

The vocabulary is `scoring/lexicons/titles.yml`. A title is cut into clauses ("VP, Marketing"), each clause is
read from left to right for ranks, and what a word does to a rank beside it decides: "former" ends it, an
assistant serves it, a deputy lowers it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scoring.lexicons import read_lexicon

if TYPE_CHECKING:
    from warehouse import Connection

TABLE = "scoring.title_groups"
COLUMNS = {
    "title": "text",
    "title_group": "text",
    "authority_points": "integer",
    "is_unsuitable": "boolean",
    "says_something": "boolean",
    "rules_version": "text",
}
CODE_VERSION = "1"
"""Part of the rules' version: raise it when this module reads the same vocabulary differently."""

OTHER_POINTS = 5

_ABBREVIATION = re.compile(r"\b\w(?:\.\w)+\b\.?")
_EMPLOYER = re.compile(r"(?:\s@|@\s|\s(?:at|bei|chez)\s)[^,;|()\[\]]*")
_CLAUSE = re.compile(r"[,;|()\[\]·•–—:\n]|\s-+\s")
_BOUNDARY = re.compile(r"[&/+]|\b(?:and|und|et|y|e)\b")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class TitleGroup:
    """What a title says.

    title_group: a group of the vocabulary, `other` (a title without rank) or `none` (no title).
    authority_points: 0–25, the authority component of ALS.
    is_unsuitable: an assistant, intern, student, coordinator or receptionist.
    says_something: False when no word of it speaks of seniority, so that the provider's seniority decides.
    """

    title_group: str
    authority_points: int
    is_unsuitable: bool
    says_something: bool


NO_TITLE = TitleGroup("none", 0, False, False)


@dataclass(frozen=True)
class _Mark:
    """One phrase found in a clause: `kind` is a group or what it does to one; token-wise [start, end)."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class _Vocabulary:
    pattern: re.Pattern[str]
    kinds: tuple[str, ...]
    points: dict[str, int]
    modified: frozenset[str]
    serves: re.Pattern[str]
    medical: frozenset[str]
    no_title: frozenset[str]
    former: frozenset[str]
    version: str


@lru_cache(maxsize=1)
def _vocabulary() -> _Vocabulary:
    lexicon = read_lexicon("titles")
    document: dict[str, Any] = lexicon.document
    phrases = [(text, group) for group, body in document["groups"].items() for text in body["phrases"]]
    phrases += [(text, "not_rank") for text in document["not_ranks"]]
    phrases += [(text, "unsuitable") for text in document["unsuitable"]]
    phrases += [(text, "helper") for text in document["helpers"]]
    phrases += [(text, "former_before") for text in document["former"]["before"]]
    phrases += [(text, "former_after") for text in document["former"]["after"]]
    phrases += [("and", "boundary"), ("of", "object"), ("for", "object")]
    phrases.sort(key=lambda phrase: ("*" in phrase[0], -phrase[0].count(" "), -len(phrase[0])))
    branches = [f"({_branch(text)})" for text, _ in phrases]
    serves = "|".join(sorted(document["serves"], key=len, reverse=True))
    former = [*document["former"]["before"], *document["former"]["after"]]
    return _Vocabulary(
        pattern=re.compile(rf"(?<!\S)(?:{'|'.join(branches)})(?!\S)"),
        kinds=("", *(kind for _, kind in phrases)),
        points={group: int(body["points"]) for group, body in document["groups"].items()},
        modified=frozenset(document["modified_by_helpers"]),
        serves=re.compile(rf"\b({serves})\s+(?:to|for|of)\s.*", re.DOTALL),
        medical=frozenset(document["medical"]),
        no_title=frozenset(document["no_title"]),
        former=frozenset(former),
        version=f"{lexicon.version}-{CODE_VERSION}",
    )


def _branch(phrase: str) -> str:
    inner = re.sub(r"\((?!\?)", "(?:", phrase)
    return inner.replace("** ", r"(?:\S+ ){0,4}?").replace("* ", r"(?:(?!and )\S+ ){0,3}?")


def rules_version() -> str:
    """Return the version of vocabulary and code that `classify` works by."""
    return _vocabulary().version


def classify(title: str | None) -> TitleGroup:
    """Read one job title; points as on the ALS page."""
    vocabulary = _vocabulary()
    clauses, is_serving = _clauses(title or "", vocabulary)
    if not clauses or " ".join(clauses) in vocabulary.no_title:
        return NO_TITLE
    if vocabulary.medical.intersection(word for clause in clauses for word in clause.split()):
        clauses = [re.sub(r"\bmd\b", "", clause).strip() for clause in clauses]
    readings = [_read(clause, vocabulary) for clause in _without_former(clauses, vocabulary)]
    groups = {group for found, _, _ in readings for group in found}
    is_unsuitable = any(unsuitable for _, unsuitable, _ in readings)
    says_something = is_serving or len(readings) < len(clauses) or any(says for _, _, says in readings)
    for group, points in vocabulary.points.items():
        if group in groups:
            is_low = points <= vocabulary.points["manager"]
            return TitleGroup(group, points, is_unsuitable and is_low, True)
    return TitleGroup("other", OTHER_POINTS, is_unsuitable, says_something)


def _clauses(title: str, vocabulary: _Vocabulary) -> tuple[list[str], bool]:
    """Cut a title at its commas and brackets, and where it goes on to the person served.

    A clause is its words, lower case, with "and" for & and /. The flag says whether a person served was cut.
    """
    text = "".join(c for c in unicodedata.normalize("NFKD", title) if not unicodedata.combining(c)).casefold()
    text = _ABBREVIATION.sub(lambda found: found[0].replace(".", ""), text)
    text = _EMPLOYER.sub(" ", f"{text} ")
    text, served = vocabulary.serves.subn(r"\1", text)
    clauses = [" ".join(_WORD.findall(_BOUNDARY.sub(" and ", part))) for part in _CLAUSE.split(text)]
    return [clause for clause in clauses if clause], served > 0


def _without_former(clauses: Sequence[str], vocabulary: _Vocabulary) -> list[str]:
    """Drop what a clause of its own ends: "CEO (retired)" the one before it, "Retired, CEO" all after it."""
    if clauses[0] in vocabulary.former:
        return []
    kept: list[str] = []
    for clause in clauses:
        if clause in vocabulary.former:
            kept = kept[:-1]
        else:
            kept.append(clause)
    return kept


def _read(clause: str, vocabulary: _Vocabulary) -> tuple[set[str], bool, bool]:
    """Return the groups that a clause holds, whether it is unsuitable, whether it says anything."""
    marks = [
        _Mark(vocabulary.kinds[found.lastindex or 0], found.start(), found.end())
        for found in vocabulary.pattern.finditer(clause)
    ]
    groups: set[str] = set()
    is_unsuitable = False
    for part in _parts(_not_former(marks)):
        ranks, unsuitable = _read_part(part, len(clause), vocabulary)
        groups |= ranks
        is_unsuitable |= unsuitable
    says = any(mark.kind not in {"boundary", "object", "helper"} for mark in marks)
    return groups, is_unsuitable, says


def _not_former(marks: Sequence[_Mark]) -> list[_Mark]:
    """Drop what stands after "former" and before "emeritus"."""
    kept: list[_Mark] = []
    for mark in marks:
        if mark.kind == "former_before":
            break
        if mark.kind == "former_after":
            kept = []
        else:
            kept.append(mark)
    return kept


def _parts(marks: Sequence[_Mark]) -> list[list[_Mark]]:
    parts: list[list[_Mark]] = [[]]
    for mark in marks:
        if mark.kind == "boundary":
            parts.append([])
        else:
            parts[-1].append(mark)
    return parts


def _read_part(marks: Sequence[_Mark], end: int, vocabulary: _Vocabulary) -> tuple[set[str], bool]:
    """Return the ranks of one part, none when a helper is its head, and whether that makes it unsuitable."""
    ranks: list[_Mark] = []
    helpers: list[_Mark] = []
    for mark in marks:
        if mark.kind == "object" and (ranks or helpers):
            break  # "Director of Partner Marketing": what follows is not a rank of this person
        if mark.kind in vocabulary.points:
            ranks.append(mark)
        elif mark.kind in {"unsuitable", "helper"}:
            helpers.append(mark)
    groups = {rank.kind for rank in ranks}
    if not helpers:
        return groups, False
    after = {rank.kind for rank in ranks if rank.start > helpers[0].start}
    is_modifier = bool(after) and after <= vocabulary.modified and helpers[-1].end != end
    is_followed = not after and bool(ranks) and helpers[-1].end != end
    if is_modifier or is_followed:
        return groups, False
    return set(), any(helper.kind == "unsuitable" for helper in helpers)


def ensure_table(connection: Connection) -> None:
    """Create scoring.title_groups where it is missing."""
    connection.create_table(TABLE, COLUMNS, primary_key=["title"])


def classify_new(connection: Connection) -> int:
    """Classify the titles of facts.lead_pool that `scoring.title_groups` lacks; return how many.

    Rows of other rules are replaced. Titles are kept exactly as in the pool.
    """
    version = rules_version()
    ensure_table(connection)
    connection.execute(f"delete from {TABLE} where rules_version <> ?", [version])
    found = connection.rows(
        f"""
        select distinct lead_pool.title
        from facts.lead_pool
        left join {TABLE} on title_groups.title = lead_pool.title
        where lead_pool.title is not null and title_groups.title is null
        """
    )
    titles = [str(row["title"]) for row in found]
    return connection.insert(TABLE, list(COLUMNS), (_row(title, version) for title in titles))


def _row(title: str, version: str) -> tuple[Any, ...]:
    group = classify(title)
    return (
        title,
        group.title_group,
        group.authority_points,
        group.is_unsuitable,
        group.says_something,
        version,
    )
