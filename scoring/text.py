"""The newest words of a mail: what the person wrote, without quoted history, signature and footers.

Where the quote starts and what a signature looks like in a dozen languages is the knowledge of
mail-parser-reply, whose compiled expressions are used; around it stand only what it lacks: headers of more
mailers and languages, answers between quotes, and a guard, since "Thanks, but we are not interested" begins
like a signature.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from scoring.lexicons import read_lexicon
from scoring.mime import plain_subject
from scoring.plain_text import MAX_LENGTH as MAX_LENGTH
from scoring.plain_text import to_plain_text as to_plain_text

if TYPE_CHECKING:
    from mailparser_reply.parser import EmailMessage

WRAPPED = 60
"""Characters from which on a quoted line may have been broken, its rest standing below it without a mark."""

_NAMES_ONLY = re.compile(r"[^\w\n]*(?:[A-ZÀ-Þ][\w.'’-]*[^\w\n]*){0,4}")
_SIGNED = re.compile(
    r"\n(?:[-–—~]|(?<=\n\n)[-–—~] )[A-ZÀ-Þ][a-zà-ÿ]+(?: [A-ZÀ-Þ][\w.]*)?\s*\Z"  # -Jane
)
_LIST_ABOVE = re.compile(r"(?:^|\n)\s*[-–—~][^\n]*\n*\Z|:\s*\Z")
_RULES = "-_=* \n"
_HEADER_SIGN = re.compile("[:：]|--|==|__")
_HEADER_LINES = 4
"""Every header of a quote holds such a sign, at most so many lines below its beginning."""


def newest_text(subject: str | None, body: str | None) -> str:
    """Return what the sender wrote last, as plain text with single line breaks kept.

    subject: stands in where the body is empty and the subject is no reply's ("Unsubscribe"); else unused.
    body: plain text, HTML or MIME, as received. A body that is only history gives an empty text.
    """
    text = to_plain_text(body or "")
    if not text:
        return "" if answers(subject) else plain_subject(subject)
    if "\n" not in text:
        return "" if _marks().mobile_footer.match(text) else text
    return _without_signature(_without_history(text))


def answers(subject: str | None) -> bool:
    """Say whether a subject is that of an answer or a forwarded mail ("Re: …", "AW: …"), not its sender's."""
    return plain_subject(subject).lower().startswith(_marks().subject_prefixes)


@dataclass(frozen=True)
class _Marks:
    """The marks of `scoring/lexicons/mail.yml`, compiled."""

    languages: Mapping[str, tuple[str, ...]]
    quote_start: re.Pattern[str]
    mobile_footer: re.Pattern[str]
    footer: re.Pattern[str]
    subject_prefixes: tuple[str, ...]


@lru_cache(maxsize=1)
def _marks() -> _Marks:
    document = read_lexicon("mail").document
    return _Marks(
        languages={name: tuple(words) for name, words in document["languages"].items()},
        quote_start=_compiled(document["quote_starts"], document["words"]),
        mobile_footer=_compiled(document["mobile_footers"], document["words"]),
        footer=_compiled(document["footers"], document["words"]),
        subject_prefixes=tuple(document["subject_prefixes"]),
    )


def _compiled(expressions: list[str], words: Mapping[str, list[str]]) -> re.Pattern[str]:
    joined = "|".join(expressions)
    for name, alternatives in words.items():
        joined = joined.replace(f"{{{name}}}", "|".join(alternatives))
    return re.compile(f"^(?:{joined})", re.MULTILINE | re.IGNORECASE)


@lru_cache(maxsize=256)
def _expressions(languages: tuple[str, ...]) -> EmailMessage:
    """The library's expressions for `languages`; its message object compiles them once and keeps them."""
    from mailparser_reply.parser import EmailMessage

    return EmailMessage(text="", languages=list(languages), keep_hyphen_lists=True)


def _for_text(text: str) -> EmailMessage:
    lower = text.lower()
    named = (name for name, words in _marks().languages.items() if any(word in lower for word in words))
    return _expressions(("en", *named))


def _without_history(text: str) -> str:
    """Cut at the first quote header; of what is below it only unquoted lines among quoted ones are kept."""
    start, end = _header(text)
    above = _unquoted(text[:start])
    quoted = text.find("\n>", max(end - 1, 0))
    if quoted < 0 or start == len(text):
        return above
    below = _unquoted(text[quoted:])
    return f"{above}\n\n{below[: _header(below)[0]]}".rstrip(_RULES).strip()


def _header(text: str) -> tuple[int, int]:
    """Return where the first quote header begins and ends; both are the text's length where there is none."""
    sign = _HEADER_SIGN.search(text)
    if not sign:
        return len(text), len(text)
    begin = sign.start()
    for _ in range(_HEADER_LINES):
        begin = max(text.rfind("\n", 0, begin), 0)
    own = _marks().quote_start.search(text, begin)
    scope = text[: own.end()] if own else text
    library = _for_text(scope).HEADER_REGEX.search(scope, begin)
    found = [match for match in (library, own) if match]
    if not found:
        return len(text), len(text)
    return min(match.start() for match in found), max(match.end() for match in found)


def _unquoted(text: str) -> str:
    """Return the lines that are not quoted, nor the rest of a quoted line that a mailer broke."""
    if ">" not in text:
        return text.rstrip(_RULES).strip()
    lines = text.split("\n")
    kept: list[str] = []
    above = ""
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith((">", " >")):
            above = line
        elif not _is_rest(line, above, below):
            kept.append(line)
            above = ""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).rstrip(_RULES).strip()


def _is_rest(line: str, above: str, below: str) -> bool:
    """Say whether an unquoted line goes on with the long quoted one right above it."""
    if len(above) < WRAPPED or not line[:1].islower() or above.endswith("?"):
        return False
    return below.startswith(">") or above[-1] not in ".!:"


def _without_signature(text: str) -> str:
    """Cut at the first signature, footer or disclaimer; only a mailer's own may be all that there is."""
    marks, expressions = _marks(), _for_text(text)
    ends = [found.start() for found in (marks.mobile_footer.search(text),) if found]
    footer = marks.footer.search(text)
    ends += [footer.start()] if footer and footer.start() else []
    position = 0
    while found := expressions.SIGNATURE_REGEX.search(text, position):
        start = found.end() - len(found.group().lstrip())
        line_end = text.find("\n", found.end(2))
        is_mark = text.startswith(("--\n", "__\n"), start)
        if (start > 0 or is_mark) and _is_signature(text[found.end(2) : line_end if line_end > 0 else None]):
            ends.append(start)
            break
        if line_end < 0:
            break
        position = line_end
    disclaimer = "mail" in text and expressions.DISCLAIMERS_REGEX.search(text)
    if disclaimer and disclaimer.start():
        ends.append(disclaimer.start())
    return _without_name(text[: min(ends)] if ends else text).strip()


def _is_signature(rest: str) -> bool:
    """Say whether a line that begins like a signature is one by its rest: "Thanks, Bob", not "Thanks, no"."""
    return len(rest) <= 60 and _NAMES_ONLY.fullmatch(rest.strip()) is not None


def _without_name(text: str) -> str:
    """Cut a name behind a dash at the very end, unless it ends a list."""
    signed = _SIGNED.search(text)
    return text[: signed.start()] if signed and not _LIST_ABOVE.search(text[: signed.start()]) else text
