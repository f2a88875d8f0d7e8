"""Nights of one simulated agency, run through the command."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.params import Params
from sandbox.server import Server
from tests.winnow import winnow
from warehouse import Warehouse, open_warehouse

PARAMS = Params(leads=150, days=40)
SECOND_NIGHT = 3  # the history ends on a Saturday: the nights before this one bring nothing

Summary = dict[str, Any]


@dataclass
class History:
    """What nights of one agency came to."""

    folder: Path
    server: Server
    nights: dict[str, Summary] = field(default_factory=dict)
    published: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    credits: dict[str, int] = field(default_factory=dict)

    @property
    def warehouse(self) -> Warehouse:
        return open_warehouse(self.folder)

    @property
    def state_dir(self) -> Path:
        return self.folder / ".winnow"

    def run(self, name: str, night: int, *arguments: str, code: int = 0) -> Summary:
        """Run the night and remember what it said and what was then published."""
        self.server.as_of = PARAMS.night(night)
        at = PARAMS.night(night).isoformat()
        done = winnow(self.folder, "run", "--json", "--at", at, *arguments, code=code)
        self.nights[name] = json.loads(done.stdout)
        self.published[name] = self.keys()
        self.credits[name] = sum(self.server.credits.values())
        return self.nights[name]

    def keys(self) -> dict[str, list[str]]:
        """Return the keys of published facts, by table."""
        columns = {
            "messages": "message_id",
            "replies": "reply_id",
            "lead_pool": "lead_id",
            "deals": "deal_id",
        }
        with self.warehouse.published(self.state_dir) as connection:
            return {
                table: [
                    row["key"]
                    for row in connection.rows(
                        f"select cast({column} as text) as key from analytics.{table} order by 1"
                    )
                ]
                for table, column in columns.items()
            }
