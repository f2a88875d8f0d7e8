"""`winnow replies review`: reply by reply, a person says what it means."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from commands.options import Settings, common

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipeline.review import Reply

NEXT = "from the next `winnow score` (or `winnow run`) on"
SHORT = 8
"""Characters of a reply's id that are shown; `winnow replies label` takes the beginning of one."""

LONGEST = 4_000
WIDTH = 18
COLUMNS = 4
PROMPT = "label (number or name; o opt-out, s skip, q quit)"


class _QuitError(Exception):
    """The person has had enough."""


@click.command()
@click.option("--client", help="Only this client's.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@click.option("--all", "is_all", is_flag=True, help="Also replies whose label is sure.")
@common
def review(settings: Settings, client: str | None, limit: int, is_all: bool) -> None:
    """Label the replies that rules and model are unsure of, newest first.

    Each text is asked about once; a label counts for all replies with that text, whosever they are, from the
    next `winnow score` (or `winnow run`) on. Each answer is kept at once: what is labelled stays so after
    Ctrl-C. With --json, or without a terminal, the replies are listed and nothing is asked.

    \b
    Example:
      winnow replies review
      winnow replies review --client acme --limit 5
      winnow replies review --all --json
    """
    from pipeline import review as reviews

    found = reviews.to_review(settings.config, settings.warehouse, client, limit, is_all=is_all)
    if settings.as_json or not found or not is_terminal():
        settings.show([reply.as_json() for reply in found], _listed(found))
        return
    with reviews.opened_state(settings.config, settings.warehouse) as state:
        _ask_all(state, found)


def is_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def label_text(said: Mapping[str, Any]) -> str:
    """Return a label in words."""
    flags = ["opt-out"] if said["is_opt_out"] else ["no opt-out"]
    flags += ["positive"] if said["is_positive"] else []
    return f"{said['intent']} ({', '.join(flags)})"


def replies_text(reply: Reply) -> str:
    """Return how many replies a label counts for."""
    return "1 reply" if reply.reply_count == 1 else f"{reply.reply_count:,} replies with this text"


def _listed(found: list[Reply]) -> str:
    from commands.show import table

    if not found:
        return "no reply waits for a label"
    columns = {
        "id": "id",
        "received_at": "received",
        "client": "client",
        "intent": "intent",
        "confidence": "confidence",
        "text": "text",
    }
    rows = [{**vars(reply), "id": reply.reply_id[:SHORT], "text": _printable(reply.text)} for reply in found]
    return f"{table(rows, columns)}\nlabel them with `winnow replies label ID INTENT`, or on a terminal here"


def _ask_all(state: Engine, found: list[Reply]) -> None:
    from pipeline.review import keep_label

    kept = skipped = 0
    try:
        for number, reply in enumerate(found, start=1):
            click.echo(_shown(reply, number, len(found)))
            said = _asked(reply)
            if said is None:
                skipped += 1
                continue
            keep_label(state, reply, said)
            kept += 1
            click.echo(f"kept: {label_text(said)}, for {replies_text(reply)}")
    except _QuitError:
        pass
    finally:
        click.echo(f"\n{kept} labelled, {skipped} skipped" + (f"; labels count {NEXT}" if kept else ""))


def _shown(reply: Reply, number: int, count: int) -> str:
    from scoring.replies import INTENTS

    same = f" · {reply.reply_count:,} replies say this" if reply.reply_count > 1 else ""
    about = " · ".join((reply.client or "no client", reply.subject or "(no subject)"))
    text = _printable(reply.text[:LONGEST])
    if len(reply.text) > LONGEST:
        text += f"\n… ({len(reply.text):,} characters in all)"
    who = f"the model {reply.model}" if reply.method == "model" else f"the {reply.method}"
    cells = [f"{place:>2} {intent:<{WIDTH}}" for place, intent in enumerate(INTENTS, start=1)]
    return "\n".join(
        [
            f"\n{number} of {count} · {reply.received_at:%Y-%m-%d %H:%M} · {_printable(about)}{same}",
            *(f"    {line}" for line in text.splitlines()),
            f"{who}: {reply.intent}, {reply.confidence:.0%} sure; {_opt_out(reply.is_opt_out)}",
            *("".join(cells[start : start + COLUMNS]).rstrip() for start in range(0, len(cells), COLUMNS)),
        ]
    )


def _asked(reply: Reply) -> dict[str, Any] | None:
    """Ask until there is a label; None to skip. Raises _QuitError, click.Abort."""
    from pipeline.errors import UsageError
    from pipeline.review import said

    is_opt_out: bool | None = None
    while True:
        answer = str(click.prompt(PROMPT, default="", show_default=False)).strip()
        try:
            if answer.lower() == "q":
                raise _QuitError
            if answer.lower() == "s":
                return None
            if answer.lower() == "o":
                is_opt_out = not (reply.is_opt_out if is_opt_out is None else is_opt_out)
                click.echo(_opt_out(is_opt_out))
            elif answer:
                intent = _intent(answer)
                return said(reply, intent, is_opt_out=is_opt_out, is_positive=_positive(reply, intent))
        except UsageError as error:
            click.echo(str(error))


def _intent(answer: str) -> str:
    from pipeline.errors import UsageError
    from pipeline.review import intent_named
    from scoring.replies import INTENTS

    if not answer.isdecimal():
        return intent_named(answer)
    if not 1 <= int(answer) <= len(INTENTS):
        raise UsageError(f"there is no number {answer}; 1 to {len(INTENTS)}")
    return INTENTS[int(answer) - 1]


def _positive(reply: Reply, intent: str) -> bool | None:
    """Ask what only a person can say of a question; nothing of any other intent."""
    if intent != "question":
        return None
    was_positive = reply.intent == "question" and reply.is_positive
    return click.confirm("about price, terms, product or dates?", default=was_positive)


def _opt_out(is_opt_out: bool) -> str:
    return "asks to stop: yes" if is_opt_out else "asks to stop: no"


def _printable(text: str) -> str:
    """Return a stranger's text without what a terminal would obey or a reader would not see."""
    return "".join(
        sign if sign == "\n" or sign.isprintable() else " " if sign.isspace() else ""
        for sign in text.replace("\r\n", "\n")
    )
