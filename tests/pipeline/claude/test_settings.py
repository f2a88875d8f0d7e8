"""The section `claude` of winnow.yml: what it must say, and where the key comes from."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipeline.claude import spend
from pipeline.claude.settings import PRICES, ClaudeSettings, api_key
from pipeline.claude.spend import Usage
from pipeline.config import ConfigError, load_config
from pipeline.doctor import Finding, examine
from sandbox import Server, claude_fault
from sandbox.keys import ANTHROPIC_KEY
from scoring.reply_prompt import prompt, request
from warehouse import Warehouse

HEAD = "agency: {name: Test}\nclaude:\n"


def load(folder: Path, section: str) -> ClaudeSettings | None:
    (folder / "winnow.yml").write_text(HEAD + section)
    return load_config(folder / "winnow.yml").claude


def test_budgets_are_all_that_has_to_be_said(tmp_path: Path) -> None:
    found = load(tmp_path, "  budget_per_night: 0.50\n  budget_per_month: 10\n")
    assert found is not None
    assert (found.budget_per_night, found.budget_per_month) == (Decimal("0.5"), 10)
    assert found.model == "claude-haiku-5-5"
    assert found.price == PRICES["claude-haiku-5-5"]


def test_without_the_section_nobody_is_asked(tmp_path: Path) -> None:
    (tmp_path / "winnow.yml").write_text("agency: {name: Test}\n")
    assert load_config(tmp_path / "winnow.yml").claude is None


def test_the_default_is_the_cheapest_model() -> None:
    default = ClaudeSettings(budget_per_night=Decimal(1), budget_per_month=Decimal(1))
    assert all(default.price.input <= price.input for price in PRICES.values())
    assert all(default.price.output <= price.output for price in PRICES.values())


BUDGETS = "  budget_per_night: 1\n  budget_per_month: 9\n"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("  budget_per_month: 9\n", r":2: claude\.budget_per_night: is missing"),
        (BUDGETS + "  model: claude-9\n", r":2: claude: the price of model claude-9 is not known"),
        (BUDGETS + "  temperature: 0\n", r":5: claude\.temperature: unknown key"),
        ("  budget_per_night: -1\n  budget_per_month: 9\n", r":3: claude\.budget_per_night: "),
        (BUDGETS + "  api_key: abc\n", r":5: claude\.api_key: unknown key"),
    ],
)
def test_a_mistake_names_line_and_key(tmp_path: Path, section: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, section)


def test_another_model_needs_its_price(tmp_path: Path) -> None:
    found = load(tmp_path, BUDGETS + "  model: claude-9\n  prices: {claude-9: {input: 1, output: 2}}\n")
    assert found is not None
    assert (found.price.input, found.price.output) == (1, 2)
    assert (found.price.write, found.price.read) == (2, Decimal("0.1"))


def test_a_price_of_ones_own_counts_before_the_list(tmp_path: Path) -> None:
    own = "  prices: {claude-haiku-5-5: {input: 0.2, output: 1, cache_write: 0.3, cache_read: 0}}\n"
    found = load(tmp_path, BUDGETS + own)
    assert found is not None
    assert (found.price.write, found.price.read) == (Decimal("0.3"), 0)


def test_the_key_comes_from_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert api_key() is None
    monkeypatch.setenv("CLAUDE_API_KEY", "second")
    assert api_key() == "second"
    monkeypatch.setenv("ANTHROPIC_API_KEY", " ")
    assert api_key() == "second"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "first")
    assert api_key() == "first"


def test_a_message_of_a_batch_costs_half() -> None:
    price = PRICES["claude-haiku-4-5"]
    assert spend.cost(price, Usage(1_000_000)) == Decimal("0.5")
    assert spend.cost(price, Usage(output=1_000_000)) == Decimal("2.5")
    assert spend.cost(price, Usage(cache_write=1_000_000)) == Decimal("1.0")
    assert spend.cost(price, Usage(cache_read=1_000_000)) == Decimal("0.05")
    assert spend.cost(price, Usage(1)) == Decimal("0.0000005")
    assert spend.cost(PRICES["claude-haiku-5-5"], Usage(cache_read=1)) == Decimal("0.00000001"), "rounded up"


@pytest.mark.parametrize(
    "text", ["", "Hm.", "x" * 10_000, "<" * 9_999, "\x00" * 9_999, "日本語" * 3_000, "👋" * 5_000]
)
def test_no_message_costs_more_than_its_bound(text: str) -> None:
    """Even where every byte of what is sent is a token, the prompt is written, and the answer is endless."""
    price = PRICES["claude-haiku-5-5"]
    params = request(text, model="claude-haiku-5-5", max_tokens=2_048, effort="low")
    sent = len(str(params["messages"][0]["content"]).encode()) + len(prompt().encode())
    worst = Usage(sent - len(prompt().encode()), 2_048, len(prompt().encode()))
    assert spend.cost(price, worst) <= spend.bound(price, params)
    assert sent < 100_000, "above that the model has another price"
    assert spend.guess(price, params) < spend.bound(price, params)


def test_a_write_that_costs_less_than_input_bounds_nothing() -> None:
    free = PRICES["claude-haiku-5-5"].model_copy(update={"cache_write": Decimal(0)})
    params = request("Hm.", model="claude-haiku-5-5", max_tokens=2_048, effort=None)
    assert spend.bound(free, params) > spend.cost(free, Usage(len(prompt().encode()), 2_048))


def doctor(folder: Path, warehouse: Warehouse, **options: Any) -> list[Finding]:
    found = examine(load_config(folder / "winnow.yml"), warehouse, **options)
    return [finding for finding in found if finding.text.startswith("claude: ")]


def test_doctor_tries_the_key_at_no_cost(
    tmp_path: Path, warehouse: Warehouse, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(tmp_path, f"{BUDGETS}  base_url: {server.url}/anthropic\n")
    (missing,) = doctor(tmp_path, warehouse)
    assert missing == Finding(
        "warning",
        "claude: neither ANTHROPIC_API_KEY nor CLAUDE_API_KEY is set; unsure replies are left to the rules",
    )
    monkeypatch.setenv("ANTHROPIC_API_KEY", "wrong")
    assert doctor(tmp_path, warehouse)[0].level == "error"
    (offline,) = doctor(tmp_path, warehouse, is_offline=True)
    assert offline.level == "ok"
    monkeypatch.setenv("ANTHROPIC_API_KEY", ANTHROPIC_KEY)
    (works,) = doctor(tmp_path, warehouse)
    line = "claude: its key works; claude-haiku-5-5, at most 1 USD a night and 9 a month"
    assert works == Finding("ok", line)
    server.order(claude_fault("overloaded_error"))
    assert doctor(tmp_path, warehouse)[0].level == "warning"
    assert not server.claude.batches


def test_doctor_is_silent_without_the_section(tmp_path: Path, warehouse: Warehouse) -> None:
    (tmp_path / "winnow.yml").write_text("agency: {name: Test}\n")
    assert doctor(tmp_path, warehouse) == []
