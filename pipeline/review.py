"""What people say replies mean: which texts to ask about, and how an answer is kept.

Reads what is published and the state database alone, so that people label while a night runs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline import judgements
from pipeline.errors import UsageError
from pipeline.state import open_state
from pipeline.summarise import plain
from pipeline.whoami import user
from scoring.replies import AUTOMATED, INTENTS, POSITIVE, text_key
from scoring.reply_judgements import PERSON

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipeline.config import Config
    from warehouse import Connection, Warehouse

QUESTION = "question"
LABEL_COLUMNS = ("text", "label", "is_opt_out", "is_positive", "decided_at", "decided_by")
_MOST_IDS = 200
_COLUMNS = (
    *("received_at", "subject", "text", "intent", "confidence", "method", "model"),
    *("is_opt_out", "is_positive"),
)


@dataclass(frozen=True)
class Reply:
    """A published reply that a person may label, with what it is taken for so far.

    text: what was written last, which a label is about. confidence: 0 to 1. method: rules, model or person.
    reply_count: published replies with this text, of all clients; a label counts for all of them.
    """

    reply_id: str
    client: str | None
    received_at: datetime
    subject: str | None
    text: str
    intent: str
    confidence: float
    method: str
    model: str | None
    is_opt_out: bool
    is_positive: bool
    reply_count: int

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {name: plain(value) for name, value in asdict(self).items()}


@contextmanager
def opened_state(config: Config, warehouse: Warehouse) -> Iterator[Engine]:
    """Open the state database for the length of a block."""
    engine = open_state(warehouse, config.state_dir)
    try:
        yield engine
    finally:
        engine.dispose()


def to_review(
    config: Config, warehouse: Warehouse, client: str | None, limit: int, *, is_all: bool = False
) -> list[Reply]:
    """Return the newest reply of each text that nobody has labelled, newest first, at most `limit`.

    Only those that are for review; is_all: those whose label is sure, too. Raises ConfigError for an unknown
    client, WarehouseError where nothing is published.
    """
    where, params = ["replies.text <> ''"], list[Any]()
    if client:
        config.client(client)
        where, params = [*where, "clients.client = ?"], [*params, client]
    if not is_all:
        where.append("replies.needs_review")
    with warehouse.published(config.state_dir) as connection:
        with opened_state(config, warehouse) as engine:
            labelled = judgements.keys_by_hand(engine)
        found = _replies(connection, " and ".join(where), [*params, limit + len(labelled)])
    return [reply for reply in found if text_key(reply.text) not in labelled][:limit]


def find(config: Config, warehouse: Warehouse, reply_id: str) -> Reply:
    """Return the published reply whose id is, or begins with, `reply_id`. Raises UsageError."""
    with warehouse.published(config.state_dir) as connection:
        prefix = reply_id.strip().lower()
        ids = _ids(connection, prefix + "%") if _is_like_an_id(prefix) else []
        if len(ids) != 1:
            nearest = ids or difflib.get_close_matches(prefix, _like(connection, prefix), 3, 0.8)
            hint = f"nearest: {', '.join(nearest[:3])}" if nearest else "`winnow replies` lists them"
            what = "more than one published reply" if ids else "no published reply"
            raise UsageError(f"{what} has an id that begins with {reply_id!r}; {hint}")
        found = _replies(connection, "replies.reply_id = cast(? as uuid) and replies.text <> ''", [ids[0], 1])
    if not found:
        raise UsageError(f"reply {ids[0]} has no text of its own, which a label would be about")
    return found[0]


def intent_named(name: str) -> str:
    """Return the intent of this name, in any spelling of case, blanks and hyphens. Raises UsageError."""
    plain_name = "_".join(name.strip().lower().replace("-", " ").split())
    if plain_name in INTENTS:
        return plain_name
    nearest = difflib.get_close_matches(plain_name, INTENTS, 3, 0.5)
    hint = f"nearest: {', '.join(nearest)}" if nearest else f"known: {', '.join(INTENTS)}"
    raise UsageError(f"{name!r} is no intent; {hint}")


def said(
    reply: Reply, intent: str, *, is_opt_out: bool | None = None, is_positive: bool | None = None
) -> dict[str, Any]:
    """Return what a person says of a reply as a label, complete.

    is_opt_out: None leaves it as it was read, since an opt-out is lost by nobody's silence. is_positive: of a
    question, whether it is about price, terms, product or dates; None as it was read. Raises UsageError for
    what contradicts itself.
    """
    if intent in AUTOMATED and is_opt_out:
        raise UsageError(f"{intent} is automatic mail and opts nobody out")
    if intent == "unsubscribe" and is_opt_out is False:
        raise UsageError("unsubscribe is an opt-out; name another intent, or leave the opt-out")
    if is_positive and intent not in POSITIVE | {QUESTION}:
        raise UsageError(f"{intent} is never positive; of a question alone it is to be said")
    opts_out = reply.is_opt_out if is_opt_out is None else is_opt_out
    was_positive = reply.intent == QUESTION and reply.is_positive
    return {
        "intent": intent,
        "is_opt_out": intent not in AUTOMATED and (opts_out or intent == "unsubscribe"),
        "is_positive": intent in POSITIVE
        or (intent == QUESTION and (was_positive if is_positive is None else is_positive)),
    }


def keep_label(engine: Engine, reply: Reply, label: dict[str, Any]) -> None:
    """Commit what a person says of a reply's text; it counts from the next `winnow score` on."""
    row = judgements.judgement(text_key(reply.text), PERSON, label, decided_by=user(), text=reply.text)
    with engine.begin() as state:
        judgements.keep(state, [row])


def labels(engine: Engine) -> list[dict[str, Any]]:
    """Return what people say now, a row a text, oldest first: the set to evaluate rules and model on."""
    return [
        {
            "text": row["text"],
            "label": row["label"]["intent"],
            "is_opt_out": row["label"].get("is_opt_out"),
            "is_positive": row["label"].get("is_positive"),
            "decided_at": row["decided_at"],
            "decided_by": row["decided_by"],
        }
        for row in judgements.by_hand(engine)
        if row["text"]
    ]


def _replies(connection: Connection, where: str, params: list[Any]) -> list[Reply]:
    """Return the newest reply of each text, newest first. params: of the condition, then how many at most."""
    columns = ", ".join(f"replies.{name}" for name in _COLUMNS)
    rows = connection.rows(
        "with found as ("
        f" select replies.reply_id, clients.client, {columns}, row_number() over ("
        " partition by replies.text order by replies.received_at desc, replies.reply_id) as place"
        " from analytics.replies as replies"
        " left join analytics.clients as clients on replies.client_id = clients.client_id"
        f" where {where}"
        "), newest as ("
        " select * from found where place = 1 order by received_at desc, reply_id limit ?"
        "), counted as ("
        " select text, count(*) as reply_count from analytics.replies"
        " where text in (select text from newest) group by text"
        ") select newest.*, counted.reply_count"
        " from newest inner join counted on newest.text = counted.text"
        " order by newest.received_at desc, newest.reply_id",
        params,
    )
    return [_reply(row) for row in rows]


def _reply(row: dict[str, Any]) -> Reply:
    values = {name: row[name] for name in _COLUMNS}
    return Reply(
        reply_id=str(row["reply_id"]),
        client=row["client"],
        reply_count=int(row["reply_count"]),
        **values | {"confidence": float(row["confidence"])},
    )


def _is_like_an_id(text: str) -> bool:
    """Whether this can be the beginning of an id; no other text goes into a pattern."""
    return bool(text) and set(text) <= set("0123456789abcdef-")


def _ids(connection: Connection, *patterns: str) -> list[str]:
    """Return ids of published replies that are like one of the patterns; of many, the first."""
    like = " or ".join("reply_id like ?" for _ in patterns)
    rows = connection.rows(
        "select reply_id from (select cast(reply_id as text) as reply_id from analytics.replies) as ids"
        f" where {like} order by reply_id limit {_MOST_IDS}",
        list(patterns),
    )
    return [row["reply_id"] for row in rows]


def _like(connection: Connection, text: str) -> list[str]:
    """Return ids that share their beginning or end with a mistyped one."""
    if len(text) < 8 or not _is_like_an_id(text):
        return []
    return _ids(connection, f"{text[:4]}%", f"%{text[-4:]}")
