"""Money in winnow.yml: the currency that sums are shown in, its exchange rates, and what the work costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from pipeline.accounts import Section, Slug


def _currency(code: str) -> str:
    if len(code) != 3 or not (code.isascii() and code.isalpha() and code.isupper()):
        raise ValueError(f"{code!r} is no ISO 4217 code such as EUR")
    return code


Currency = Annotated[str, AfterValidator(_currency)]
Rate = Annotated[Decimal, Field(gt=0, lt=1_000_000_000, decimal_places=9)]
Per = Literal["month", "message", "lead"]


class Cost(Section):
    """What a part of the work costs a client.

    client: whose it is; each client's where none is named. per: `month` (each calendar month that it is paid
    in), `message` sent, or `lead` contacted for the first time. starts_on, ends_on: the first and last day on
    which it is paid; always, where they are not given.
    """

    name: str
    amount: Annotated[Decimal, Field(ge=0, lt=1_000_000_000, decimal_places=6)]
    currency: Currency
    per: Per = "month"
    client: Slug | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Cost:
        if self.starts_on and self.ends_on and self.starts_on > self.ends_on:
            raise ValueError(f"starts_on {self.starts_on} is after ends_on {self.ends_on}")
        return self


def cost_problem(
    number: int, costs: tuple[Cost, ...], clients: list[str], currencies: set[str]
) -> tuple[str, str] | None:
    """Return the key and what is wrong with a cost beside the rest of winnow.yml, None where nothing is.

    currencies: those that can be shown in the reporting currency, itself included; none where there is none.
    """
    cost = costs[number]
    if cost.client and cost.client not in clients:
        return "client", f"clients does not list {cost.client}"
    if not currencies:
        return "currency", "costs are added up in one currency: give agency.reporting_currency"
    if cost.currency not in currencies:
        return "currency", f"agency.exchange_rates has no {cost.currency}"
    if any((other.name, other.client) == (cost.name, cost.client) for other in costs[:number]):
        return "name", f"{cost.name} is the name of another one"
    return None
