"""Which replies Claude is asked about: what rules are unsure of, each text once, the newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from ingestion.paging import batches
from pipeline.claude import spend
from pipeline.claude.store import ATTEMPTS, Asked
from scoring.reply_prompt import prompt_version, request

if TYPE_CHECKING:
    from pipeline.claude.settings import ClaudeSettings
    from pipeline.claude.store import Store
    from warehouse import Connection

LABELS = "scoring.reply_labels"
PAGE = 500

# A label by a model was unsure before: under another model or prompt the text is asked about anew.
_KEYS = f"""
    select text_key, max(received_on) as received_on
    from {LABELS}
    where
        (needs_review or method = 'model') and not has_orders and text <> ''
        and received_on >= ?
    group by text_key
    order by received_on desc, text_key
"""


Text = tuple[str, int]
"""A text's key, and the number of the attempt to have it read."""


def find(connection: Connection, store: Store, settings: ClaudeSettings, run_at: datetime) -> list[Text]:
    """Return the texts that nobody has settled and that are not being asked about, the newest first.

    connection: to the warehouse; before anything was labelled there is nothing to ask.
    """
    if "has_orders" not in (connection.columns(LABELS) if connection.table_exists(LABELS) else ()):
        return []
    since = (run_at - timedelta(days=settings.max_age_days)).date()
    keys = [row["text_key"] for row in connection.rows(_KEYS, [since])]
    found: list[Text] = []
    for page in batches(keys, PAGE):
        known = store.standing(page, settings.model, prompt_version())
        for key in page:
            attempt = known.attempts.get(key, 0) + 1
            if key not in known.settled and key not in known.open and attempt <= ATTEMPTS:
                found.append((key, attempt))
    return found


def asked(connection: Connection, settings: ClaudeSettings, texts: Sequence[Text]) -> Iterator[Asked]:
    """Yield what to send for each text, with what it can cost."""
    for page in batches(texts, PAGE):
        marks = ", ".join("?" for _ in page)
        rows = connection.rows(
            f"select text_key, min(text) as text from {LABELS} where text_key in ({marks}) group by text_key",
            [key for key, _ in page],
        )
        written = {row["text_key"]: row["text"] for row in rows}
        for key, attempt in page:
            params = request(
                written[key], model=settings.model, max_tokens=settings.max_tokens, effort=settings.effort
            )
            yield Asked(key, attempt, params, spend.bound(settings.price, params))


def affordable(offered: Iterator[Asked], money: Decimal) -> tuple[list[Asked], int]:
    """Return those that `money` covers whatever happens, and how many it does not."""
    chosen: list[Asked] = []
    left_out = 0
    for one in offered:
        if one.bound <= money:
            money -= one.bound
            chosen.append(one)
        else:
            left_out += 1
    return chosen, left_out
