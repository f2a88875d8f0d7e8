"""How right and how fast the newest words are found: `python -m benchmarks.reply_text FOLDER`.

FOLDER holds the mails that `tests/real/reply_texts.py` describes. The public libraries that are installed
read them beside `newest_text`. Prints for each how many mails it reads right, its time for all of them and
the ratio to ours; then what ours takes for short texts and for texts with history. Exits 1 where ours
misreads a mail; with -v it names the mails that are misread.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scoring.text import newest_text
from tests.real.reply_texts import EXPECTED, read_mails

Reader = Callable[[str], str]

LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pl", "sv", "da", "cs", "ja"]
ROUNDS = 5
SHORT = "Hi Anna, thanks for reaching out ({number}). We are set for this year, maybe in autumn."
LONG = (
    "Hi Anna,\n\nnot now, but ask me again in autumn ({number}).\n\nBest regards,\nJane Doe\nCEO\n\n"
    "On Mon, Jan 5, 2026 at 9:00 AM Anna Keller <anna@x.example> wrote:\n"
    + "> We help teams like yours to reply to all of their mails in time.\n"
    * 30
)


def _mail_parser_reply(library: Any) -> Reader:
    parser = library.EmailReplyParser(languages=LANGUAGES)
    return lambda text: parser.read(text).replies[0].body


def _talon(library: Any) -> Reader:
    cut = importlib.import_module("talon.signature.bruteforce").extract_signature
    quotations = importlib.import_module("talon.quotations")
    return lambda text: cut(quotations.extract_from_plain(text))[0]


LIBRARIES: dict[str, Callable[[Any], Reader]] = {
    "mailparser_reply": _mail_parser_reply,
    "email_reply_parser": lambda library: library.EmailReplyParser.parse_reply,
    "quotequail": lambda library: (
        lambda text: "\n".join(part for is_new, part in library.quote(text) if is_new)
    ),
    "unquotemail": lambda library: lambda text: library.Unquote(None, text, parse=True).get_text(),
    "talon": _talon,
}
"""Public libraries that read plain text, and how each is asked for the newest words."""


def readers() -> dict[str, Reader]:
    """Return ours, and the libraries that can be imported."""
    found: dict[str, Reader] = {"winnow": lambda text: newest_text(None, text)}
    for name, reader in LIBRARIES.items():
        try:
            found[name] = reader(importlib.import_module(name))
        except ImportError:
            print(f"{name:20} is not installed")
    return found


def seconds(read: Reader, texts: list[str]) -> float:
    """Return the processor seconds of one round over `texts`, the best of several."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for text in texts:
            read(text)
        times.append(time.process_time() - start)
    return min(times)


def main(folder: Path) -> int:
    """Measure, print, and return the exit code."""
    mails = {name: text for name, text in read_mails(folder).items() if name in EXPECTED}
    own = None
    misread: list[str] = []
    for name, read in readers().items():
        wrong = [mail for mail, text in mails.items() if not EXPECTED[mail].agrees(read(text) or "")]
        taken = seconds(read, list(mails.values()))
        own, misread = (taken, wrong) if own is None else (own, misread)
        right = len(mails) - len(wrong)
        print(f"{name:20} {right:3} of {len(mails)} right, {taken * 1e3:8.1f} ms, {taken / own:6.2f} x ours")
        if "-v" in sys.argv:
            print(f"{'':20} wrong: {', '.join(wrong)}")
    for title, text, count in (("short plain", SHORT, 2_000), ("with history", LONG, 500)):
        taken = seconds(lambda text: newest_text(None, text), [text.format(number=n) for n in range(count)])
        print(f"{count} texts, {title}: {taken:.3f} s, {count / taken:,.0f} a second")
    return 1 if misread else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
