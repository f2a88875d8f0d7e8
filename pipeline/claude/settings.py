"""The section `claude` of winnow.yml: which model reads what rules are unsure of, and what it may cost."""

from __future__ import annotations

import os
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.accounts import Section

KEY_VARIABLES = ("ANTHROPIC_API_KEY", "CLAUDE_API_KEY")
"""Environment variables of the key; the first that is set counts."""

Dollars = Annotated[Decimal, Field(ge=0, lt=1_000_000)]


class Price(Section):
    """What a model costs, USD a million tokens, outside of batches.

    cache_write: of what is kept for an hour, twice the input unless it is given; cache_read: a tenth.
    """

    input: Dollars
    output: Dollars
    cache_write: Dollars | None = None
    cache_read: Dollars | None = None

    @property
    def write(self) -> Decimal:
        """What a million tokens cost that are put into the cache."""
        return self.input * 2 if self.cache_write is None else self.cache_write

    @property
    def read(self) -> Decimal:
        """What a million tokens cost that are found in the cache."""
        return self.input / 10 if self.cache_read is None else self.cache_read


def _price(input_: str, output: str) -> Price:
    return Price(input=Decimal(input_), output=Decimal(output))


PRICES = {
    "claude-haiku-5-5": _price("0.10", "0.50"),
    "claude-haiku-4-5": _price("1", "5"),
    "claude-sonnet-5-5": _price("2", "10"),
    "claude-sonnet-4-6": _price("3", "15"),
    "claude-opus-5-5": _price("4", "20"),
    "claude-opus-4-8": _price("5", "25"),
    "claude-fable-5-2": _price("8", "40"),
    "claude-fable-5-1": _price("10", "50"),
}
"""List prices of 2026-11; `prices` in winnow.yml replaces and adds. Haiku 5.5's is that of prompts up to
100,000 tokens, which no reply comes near."""


class ClaudeSettings(Section):
    """Who reads what rules are unsure of.

    budget_per_night, budget_per_month: USD, never exceeded; by the UTC day and month of the run's clock.
    prices: beside and before PRICES. max_tokens: of an answer, the model's thinking included. effort: None
    for models that know none. base_url: of the API. wait_minutes: how long a night waits for its batches;
    poll_seconds: how often it looks. doubt_minutes: how long the service is given to show a batch of which
    it is not known whether it was taken. max_batch: requests a batch. max_age_days: of replies asked about.
    """

    budget_per_night: Dollars
    budget_per_month: Dollars
    model: str = "claude-haiku-5-5"
    prices: dict[str, Price] = Field(default_factory=dict)
    max_tokens: int = Field(default=2_048, ge=256, le=64_000)
    effort: Literal["low", "medium", "high"] | None = "low"
    base_url: str = "https://api.anthropic.com"
    wait_minutes: float = Field(default=30, ge=0)
    poll_seconds: float = Field(default=20, gt=0)
    doubt_minutes: float = Field(default=10, ge=0)
    max_batch: int = Field(default=1_000, ge=1, le=10_000)
    max_age_days: int = Field(default=90, ge=1)

    @model_validator(mode="after")
    def _priced(self) -> ClaudeSettings:
        if self.model not in PRICES | self.prices:
            raise ValueError(
                f"the price of model {self.model} is not known; give prices: {{{self.model}: {{input: …,"
                " output: …}}, USD a million tokens"
            )
        return self

    @property
    def price(self) -> Price:
        """What the model costs."""
        return (PRICES | self.prices)[self.model]


def api_key() -> str | None:
    """Return the key from the environment, None where there is none."""
    found = (os.environ.get(name, "").strip() for name in KEY_VARIABLES)
    return next((key for key in found if key), None)
