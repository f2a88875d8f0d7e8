"""An order: people that a call wants for one client's pool, beside the night's own buying."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class PoolOrder:
    """People to find and buy for a client; a source fills it and tallies here.

    target: how many new people to buy at most. searches: filters, the best first. per_company: at most so
    many people with one company's name, those in `company_counts` included; None: any number.
    found, known, without_email: ids that searches gave, of them those answered before, those without address.
    crowded: ids at companies that have enough. bought: ids that were new and came. misses: ids that the
    provider had nothing for.
    """

    client: str
    target: int
    searches: tuple[dict[str, Any], ...]
    per_company: int | None = None
    company_counts: Counter[str] = field(default_factory=Counter)
    found: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    without_email: set[str] = field(default_factory=set)
    crowded: set[str] = field(default_factory=set)
    bought: set[str] = field(default_factory=set)
    misses: set[str] = field(default_factory=set)

    @property
    def missing(self) -> int:
        """How many people are still to be bought."""
        return self.target - len(self.bought)

    def has_room_at(self, company: str | None) -> bool:
        """Say whether another person of this company is wanted; counts it where so."""
        if self.per_company is None or not company:
            return True
        name = company.strip().lower()
        if self.company_counts[name] >= self.per_company:
            return False
        self.company_counts[name] += 1
        return True
