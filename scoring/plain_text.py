"""A mail's body as plain text: MIME and HTML undone, each only where cheap marks say that it is there."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from scoring.mime import MAX_RAW, decoded

if TYPE_CHECKING:
    from bs4 import Tag

MAX_LENGTH = 20_000
"""Characters of a text that are looked at; the newest words come first."""

MAX_LINE = 2_000
"""Characters of a line that are looked at; some expressions take time by its square."""

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
_HIDDEN = re.compile(r"<(?:(style|script|head|title)\b|!--)", re.IGNORECASE)
_HIDDEN_ENDS = {
    name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("style", "script", "head", "title")
}
_COMMENT_END = re.compile(r"-->")
_DROPPED_TAGS = frozenset({"blockquote", "style", "script", "head", "title"})
_DROPPED_NAMES = frozenset(
    {"gmail_attr", "moz-cite-prefix", "gmail_signature", "moz-signature", "signature"}
    | {"protonmail_signature_block", "ms-outlook-mobile-signature"}
)
"""Classes and ids (lower case) of what a mailer adds by itself."""

_HISTORY_MARK = re.compile(
    r"gmail_quote|gmail_extra|yahoo_quoted|moz-cite-prefix|protonmail_quote|divRplyFwdMsg|appendonsend|"
    r"mail-editor-reference-message-container",
    re.IGNORECASE,
)
"""Where mailers say in their HTML that the older mail begins."""

_BELOW_QUOTE = re.compile(r"</blockquote\s*>(?:\s|&nbsp;|<(?!/?blockquote)[^<>]*>)*[^<\s]", re.IGNORECASE)
_HTML_BREAKS = frozenset({"p", "div", "br", "li", "tr", "table", "ul", "ol", "h1", "h2", "h3", "hr"})
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad")) | {0xA0: " ", 0x202F: " "}


def to_plain_text(body: str) -> str:
    """Return a body as plain text: decoded, without tags, quoted blocks and invisible characters.

    body: text, HTML, or a MIME message or part; one that is broken is read as far as it goes. Lines are
    stripped, at most one empty one stands between two, and all is cut at MAX_LENGTH.
    """
    text = decoded(body[:MAX_RAW])
    if is_html(text):
        text = html_to_text(text)
    elif "&" in text:
        text = html.unescape(text[:MAX_LENGTH])
    text = text[:MAX_LENGTH]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = text.translate(_INVISIBLE)
    if "\n" not in text:
        return text.strip()[:MAX_LINE]
    text = "\n".join([line.strip()[:MAX_LINE] for line in text.split("\n")]).strip()
    return re.sub(r"\n{3,}", "\n\n", text) if "\n\n\n" in text else text


def is_html(text: str) -> bool:
    """Say whether a text holds a tag of HTML."""
    return "<" in text and _HTML.search(text) is not None


def html_to_text(body: str) -> str:
    """Return the text of HTML, without what mailers mark as history or as theirs."""
    shown = _without_hidden(body)[: 2 * MAX_LENGTH]
    newest = _newest_html(shown)
    text = _simple_html(newest) or _parsed_html(newest)
    return text if text or newest is shown else _parsed_html(shown)


def _without_hidden(body: str) -> str:
    """Cut styles, scripts, heads and comments, of which some mailers write more than of text."""
    shown, position = [], 0
    while begin := _HIDDEN.search(body, position):
        name = begin[1]
        end = (_HIDDEN_ENDS[name.lower()] if name else _COMMENT_END).search(body, begin.end())
        if not end:
            break
        shown.append(body[position : begin.start()])
        position = end.end()
    return "".join([*shown, body[position:]])


def _newest_html(body: str) -> str:
    """Cut at the first tag that a mailer marks as history, unless somebody wrote between its quotes."""
    for mark in _HISTORY_MARK.finditer(body):
        begin = body.rfind("<", max(0, mark.start() - MAX_LINE), mark.start())
        if begin >= 0 and ">" not in body[begin : mark.start()]:
            return body if _BELOW_QUOTE.search(body, mark.end()) else body[:begin]
    return body


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
