"""The texts that we send, read once each: how long, what they ask for, how they begin, what they name.

The vocabulary is `scoring/lexicons/content.yml`. Templates are read, too: only they show which placeholders a
message was filled in by.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scoring.lexicons import read_lexicon
from scoring.phrases import SENTENCE_ENDS, PhraseBook, Words, tokens
from scoring.reply_languages import ENGLISH, languages, recognise
from scoring.text import MAX_LENGTH, newest_text, to_plain_text

if TYPE_CHECKING:
    from warehouse import Connection

TABLE = "scoring.text_features"
COLUMNS = {
    "text_hash": "text",
    "subject_length": "integer",
    "word_count": "integer",
    "sentence_count": "integer",
    "question_count": "integer",
    "number_count": "integer",
    "link_count": "integer",
    "placeholder_count": "integer",
    "placeholders": "text",
    "call_to_action": "text",
    "angle": "text",
    "pain_points": "text",
    "has_unsubscribe": "boolean",
    "is_english": "boolean",
    "rules_version": "text",
}
CODE_VERSION = "1"
"""Part of the rules' version: raise it when the code reads the same lexicon differently."""

BATCH = 10_000
KINDS = ("calls_to_action", "angles", "pain_points")
NO_ANGLE = "other"
NO_CALL = "none"
ASKS = "question"
"""The call to action of a text that asks something, but for nothing that the lexicon knows."""

_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_NUMBER = re.compile(r"(?<![\w.])\d[\d.,]*(?![\w])")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"']+", re.IGNORECASE)
_HREF = re.compile(r"href\s*=\s*[\"']?\s*((?:https?://|www\.)[^\s<>\"']+)", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z][\w .-]{0,60}?)\s*(?:\|[^{}]*)?\}\}|%([A-Za-z]\w{1,40})%")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_QUESTION = re.compile(r"\?+")
_ANCHOR = re.compile(r"</?a(?:\s[^<>]*)?>", re.IGNORECASE)
_SENTENCE = re.compile(r"[^\W_].*?(?:[.!?]+(?=\s|\Z)|\n|\Z)")


@dataclass(frozen=True)
class TextFeatures:
    """What a text is like; the columns of `scoring.text_features` without its key.

    Counts are of the body without quoted history, signature, footers and links; subject_length is in
    characters. placeholders: names of those in the text, such as first_name; in one as sent they were not
    filled in. call_to_action, angle: None where the text is not English. pain_points: in order of text.
    """

    subject_length: int
    word_count: int
    sentence_count: int
    question_count: int
    number_count: int
    link_count: int
    placeholders: tuple[str, ...]
    call_to_action: str | None
    angle: str | None
    pain_points: tuple[str, ...]
    has_unsubscribe: bool
    is_english: bool


@dataclass(frozen=True)
class _Rules:
    book: PhraseBook
    groups: tuple[tuple[str, str], ...]
    """Of each group of the book: what it is for (a key of the lexicon), and its name."""

    decisive: tuple[str, ...]
    unsubscribe: tuple[str, ...]
    not_personal: tuple[str, ...]


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    document = read_lexicon("content").document
    groups = {(kind, name): body for kind in KINDS for name, body in document[kind].items()}
    return _Rules(
        book=PhraseBook(list(groups.values()), spelling=languages()[ENGLISH].spelling),
        groups=tuple(groups),
        decisive=tuple(document["decisive"]),
        unsubscribe=tuple(document["unsubscribe"]),
        not_personal=tuple(document["not_personal"]),
    )


@lru_cache(maxsize=1)
def rules_version() -> str:
    """Return the version of the lexicons and the code that `read` works by."""
    lexicons = "".join(read_lexicon(name).version for name in ("content", "mail", "replies", "replies/en"))
    return f"{hashlib.sha256(lexicons.encode()).hexdigest()[:12]}-{CODE_VERSION}"


def read(subject: str | None, body: str | None) -> TextFeatures:
    """Read one text. body: plain text or HTML, as sent or with its placeholders."""
    body = (body or "")[:MAX_LENGTH]
    whole = to_plain_text(_ANCHOR.sub("", body))
    text = _URL.sub(" ", newest_text(None, whole))
    written = tokens(text)
    words = languages()[ENGLISH].words_of(written)
    is_english = recognise(written, text) == ENGLISH
    found = _found(words) if is_english else {}
    question_count = len(_QUESTION.findall(text))
    asks = ASKS if question_count else NO_CALL
    return TextFeatures(
        subject_length=len((subject or "").strip()),
        word_count=len(_WORD.findall(text)),
        sentence_count=len(_SENTENCE.findall(text)),
        question_count=question_count,
        number_count=len(_NUMBER.findall(text)),
        link_count=len(_links(body, whole)),
        placeholders=_placeholders(f"{subject or ''}\n{whole}"),
        call_to_action=_call_to_action(words, found["calls_to_action"], asks) if is_english else None,
        angle=_angle(found["angles"]) if is_english else None,
        pain_points=tuple(dict.fromkeys(name for _, name in found.get("pain_points", ()))),
        has_unsubscribe=_has_unsubscribe(f"{body}\n{whole}"),
        is_english=is_english,
    )


def _found(words: Words) -> dict[str, list[tuple[int, str]]]:
    """Return what the lexicon finds: kind → where it begins and which group it is, in order of text."""
    found: dict[str, list[tuple[int, str]]] = {kind: [] for kind in KINDS}
    for start, _, number in _rules().book.search(words):
        kind, name = _rules().groups[number]
        found[kind].append((start, name))
    return found


def _links(body: str, whole: str) -> set[str]:
    """Return the addresses that are linked to, each once; the way to unsubscribe is none of them."""
    found = {link.rstrip(".,;:!?)") for link in (*_HREF.findall(body), *_URL.findall(whole))}
    return {link for link in found if "unsubscribe" not in link.lower()}


def _placeholders(text: str) -> tuple[str, ...]:
    """Return the names of placeholders that stand for something of the recipient, in order of text."""
    found = (liquid or percent for liquid, percent in _PLACEHOLDER.findall(text))
    names = {"_".join(_HUMP.sub("_", name).lower().replace("-", " ").split()) for name in found}
    return tuple(sorted(name for name in names if not name.startswith(_rules().not_personal)))


def _call_to_action(words: Words, found: Sequence[tuple[int, str]], otherwise: str) -> str:
    """Return what the last sentence that asks for something asks for; of several, the lexicon's first."""
    if not found:
        return otherwise
    order = [name for kind, name in _rules().groups if kind == "calls_to_action"]
    end = max(start for start, _ in found)
    begins = max((at for at in range(end) if words.words[at] in SENTENCE_ENDS), default=-1)
    return min((name for start, name in found if start > begins), key=order.index)


def _angle(found: Sequence[tuple[int, str]]) -> str:
    names = [name for _, name in found]
    return next((angle for angle in _rules().decisive if angle in names), names[0] if names else NO_ANGLE)


def _has_unsubscribe(text: str) -> bool:
    said = text.lower()
    return any(words in said for words in _rules().unsubscribe)


def ensure_table(connection: Connection) -> None:
    """Create the table of texts when it is missing."""
    connection.create_table(TABLE, COLUMNS, primary_key=["text_hash"])


def read_new(connection: Connection) -> int:
    """Read the texts of facts.messages and facts.templates that these rules have not read; return how many.

    A text is known by its hash. What other versions of the rules said is removed and read anew. Works in
    batches, so that memory stays bounded and a second call goes on where a first was stopped.
    """
    version = rules_version()
    ensure_table(connection)
    connection.execute(f"delete from {TABLE} where rules_version <> ?", [version])
    count = 0
    while rows := connection.rows(_UNREAD, [BATCH]):
        connection.insert(TABLE, list(COLUMNS), [_values(row, version) for row in rows])
        count += len(rows)
    return count


_UNREAD = f"""
    select
        texts.text_hash,
        min(texts.subject) as subject,
        min(texts.body) as body
    from (
        select text_hash, subject, body from facts.messages
        union all
        select text_hash, subject, body from facts.templates
    ) as texts
    left join {TABLE} as features on texts.text_hash = features.text_hash
    where texts.text_hash is not null and features.text_hash is null
    group by texts.text_hash
    limit ?
"""


def _values(row: Mapping[str, Any], version: str) -> tuple[Any, ...]:
    found = read(row["subject"], row["body"])
    return (
        row["text_hash"],
        found.subject_length,
        found.word_count,
        found.sentence_count,
        found.question_count,
        found.number_count,
        found.link_count,
        len(found.placeholders),
        json.dumps(found.placeholders),
        found.call_to_action,
        found.angle,
        json.dumps(found.pain_points),
        found.has_unsubscribe,
        found.is_english,
        version,
    )
