"""Published replies for tests of what people say of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.pipeline.published_world import World, uid

CONFIG = "agency: {name: Test}\nclients: [{id: acme, name: Acme}, {id: beta, name: Beta}]\n"
FIRST_AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


class Replies(World):
    """A world of clients acme and beta; each reply comes an hour after the one before."""

    def __init__(self) -> None:
        """Add the clients."""
        super().__init__()
        self.clients = {"acme": self.client(1, "acme"), "beta": self.client(2, "beta")}

    def reply(self, text: str, *, client: str = "acme", **values: Any) -> str:
        """Add a reply that is for review unless `values` say otherwise; return its id."""
        number = len(self.rows["replies"])
        reply_id = uid((number + 1) << 100)
        usual = {
            "subject": "Re: hi",
            "from_email": "ada@x.example",
            "intent": "unclear",
            "method": "rules",
            **{"is_human": True, "is_positive": False, "is_opt_out": False, "needs_review": True},
        }
        self.add(
            "replies",
            reply_id=reply_id,
            client_id=self.clients[client],
            received_at=FIRST_AT + timedelta(hours=number),
            text=text,
            **usual | values | {"confidence": Decimal(str(values.get("confidence", 0.3)))},
        )
        return reply_id
