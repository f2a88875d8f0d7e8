"""The newest words of a mail: what the person wrote, without quoted history, signature and footers.

Where the quote starts and what a signature looks like in a dozen languages is the knowledge of
mail-parser-reply, whose compiled expressions are used; around it stand only what it lacks: HTML, marks of
mailers it does not know, and a guard, since "Thanks, but we are not interested" begins like a signature.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from scoring.lexicons import read_lexicon

if TYPE_CHECKING:
    from bs4 import Tag
    from mailparser_reply.parser import EmailMessage

MAX_LENGTH = 20_000
"""Characters of a body that are looked at; the newest words come first."""

MAX_LINE = 2_000
"""Characters of a line that are looked at; the library's expressions take time by its square."""

_SIMPLE_TAG = re.compile(
    r"</?(?:div|p|br|span|b|i|u|em|strong|html|body)(?:\s+dir=\"?\w+\"?)?\s*/?>", re.IGNORECASE
)
_BLOCK_TAG = re.compile(r"<br\s*/?>|</(?:p|div)>", re.IGNORECASE)
_TAG = re.compile(r"<(?:!--|!doctype|/?[a-z][a-z0-9]*(?:\s[^<>]*)?/?)>?", re.IGNORECASE)
_HTML = re.compile(
    r"<(?:!doctype|html|body|head|div|p|br|span|table|blockquote|font|b|i|u|a|ul|ol|li|strong|em|style|meta)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_DROPPED_TAGS = frozenset({"blockquote", "style", "script", "head", "title"})
_DROPPED_NAMES = frozenset(
    {"gmail_signature", "moz-signature", "signature", "protonmail_signature_block"}
) | {"ms-outlook-mobile-signature"}
"""Classes and ids (lower case) of what a mailer adds by itself."""

_HTML_HISTORY = re.compile(
    r"<\w+\s[^<>]*?(?:class|id)=[\"']?[^\"'>]*?(?:gmail_quote|gmail_extra|yahoo_quoted|moz-cite-prefix|"
    r"protonmail_quote|divRplyFwdMsg|appendonsend|mail-editor-reference-message-container).*",
    re.IGNORECASE | re.DOTALL,
)
"""Where mailers say in their HTML that the older mail begins; all after it is history."""

_HTML_BREAKS = frozenset({"p", "div", "br", "li", "tr", "table", "ul", "ol", "h1", "h2", "h3", "hr"})

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad")) | {0xA0: " ", 0x202F: " "}

_QUOTED_LINE = re.compile(r"^[ ]?>.*(?:\n|$)", re.MULTILINE)
_NAMES_ONLY = re.compile(r"[^\w\n]*(?:[A-ZÀ-Þ][\w.'’-]*[^\w\n]*){0,4}")


def newest_text(subject: str | None, body: str | None) -> str:
    """Return what the sender wrote last, as plain text with single line breaks kept.

    subject: stands in where the body is empty and the subject is no reply's ("Unsubscribe"); else unused.
    body: plain text or HTML, as received.
    """
    text = to_plain_text((body or "")[:MAX_LENGTH])
    if not text:
        return "" if answers(subject) else (subject or "").strip()
    if "\n" not in text:
        return text  # one line holds neither history nor signature
    expressions = _for_text(text)
    return _without_signature(_without_history(text, expressions), expressions).strip()


def answers(subject: str | None) -> bool:
    """Say whether a subject is that of an answer or a forwarded mail ("Re: …", "AW: …"), not its sender's."""
    return (subject or "").strip().lower().startswith(_marks().subject_prefixes)


def to_plain_text(body: str) -> str:
    """Return a body as plain text: tags, quoted blocks and invisible characters gone, entities resolved."""
    text = body
    if "<" in text and _HTML.search(text):
        newest = _HTML_HISTORY.sub("", text)
        text = _simple_html(newest) or _parsed_html(newest) or _parsed_html(text)
    elif "&" in text:
        text = html.unescape(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = text.translate(_INVISIBLE)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip()[:MAX_LINE] for line in text.split("\n"))).strip()


def _simple_html(body: str) -> str | None:
    """Turn HTML that holds nothing but bare blocks and breaks into text; None for any other."""
    if _TAG.search(_SIMPLE_TAG.sub("", body)):
        return None
    broken = _BLOCK_TAG.sub("\n", body.replace("\n", " "))
    return html.unescape(_SIMPLE_TAG.sub("", broken))


def _is_added(tag: Tag) -> bool:
    names = [str(tag.get("id", "")), *(tag.get("class") or ())]
    return tag.name in _DROPPED_TAGS or any(name.lower() in _DROPPED_NAMES for name in names)


def _parsed_html(body: str) -> str:
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(body, "html.parser")
    for element in soup.find_all(_is_added):
        element.extract()
    for text in soup.find_all(string=True):
        text.replace_with(re.sub(r"\s+", " ", text))
    for tag in soup.find_all(_HTML_BREAKS):
        tag.append("\n")
    return soup.get_text().strip()


@dataclass(frozen=True)
class _Marks:
    """The marks of `scoring/lexicons/mail.yml`, compiled."""

    languages: Mapping[str, tuple[str, ...]]
    quote_start: re.Pattern[str]
    footer: re.Pattern[str]
    subject_prefixes: tuple[str, ...]


@lru_cache(maxsize=1)
def _marks() -> _Marks:
    document = read_lexicon("mail").document
    return _Marks(
        languages={name: tuple(words) for name, words in document["languages"].items()},
        quote_start=re.compile("|".join(document["quote_starts"]), re.MULTILINE | re.IGNORECASE),
        footer=re.compile("|".join(document["footers"]), re.MULTILINE | re.IGNORECASE),
        subject_prefixes=tuple(document["subject_prefixes"]),
    )


@lru_cache(maxsize=256)
def _expressions(languages: tuple[str, ...]) -> EmailMessage:
    """The library's expressions for `languages`; its message object compiles them once and keeps them."""
    from mailparser_reply.parser import EmailMessage

    return EmailMessage(text="", languages=list(languages), keep_hyphen_lists=True)


def _for_text(text: str) -> EmailMessage:
    lower = text.lower()
    named = (name for name, words in _marks().languages.items() if any(word in lower for word in words))
    return _expressions(("en", *named))


def _without_history(text: str, expressions: EmailMessage) -> str:
    """Cut at the first quote header; where the answer stands below or between quoted lines, drop those."""
    header = expressions.HEADER_REGEX.search(text)
    own = _marks().quote_start.search(text, 0, header.end() if header else len(text))
    starts = [found.start() for found in (header, own) if found]
    above = text[: min(starts)] if starts else text
    kept = _QUOTED_LINE.sub("", above).rstrip("-_* \n").strip()
    if kept or not starts:
        return kept
    end = max(found.end() for found in (header, own) if found)
    return _QUOTED_LINE.sub("", text[end:]).strip()


def _without_signature(text: str, expressions: EmailMessage) -> str:
    """Cut at the first signature, footer or disclaimer that does not stand at the very beginning."""
    footer = _marks().footer.search(text)
    ends = [footer.start()] if footer and footer.start() else []
    position = 0
    while found := expressions.SIGNATURE_REGEX.search(text, position):
        start = found.end() - len(found.group().lstrip())
        line_end = text.find("\n", found.end(2))
        if start > 0 and _is_signature(text[found.end(2) : line_end if line_end > 0 else None]):
            ends.append(start)
            break
        if line_end < 0:
            break
        position = line_end
    disclaimer = expressions.DISCLAIMERS_REGEX.search(text)
    if disclaimer and disclaimer.start():
        ends.append(disclaimer.start())
    return text[: min(ends)] if ends else text


def _is_signature(rest: str) -> bool:
    """Say whether a line that begins like a signature is one by its rest: "Thanks, Bob", not "Thanks, no"."""
    return len(rest) <= 60 and _NAMES_ONLY.fullmatch(rest.strip()) is not None
