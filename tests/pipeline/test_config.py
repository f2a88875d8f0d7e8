"""winnow.yml: every error names its line and its key."""

from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.config import ConfigError, load_config
from pipeline.operations import account_map, configured, stage_map

GOOD = """\
agency:
  name: Test
clients:
  - id: acme
    name: Acme
    icp: {industries: [software]}
sources:
  smartlead:
    accounts:
      - name: main
        api_key_env: KEY
        client: acme
        campaigns: {"7": acme}
  hubspot:
    accounts:
      - name: portal
        api_key_env: KEY
        client: acme
        stages: {default: {closedwon: contract_sent}, extra: {hot: proposal}}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "winnow.yml"
    path.write_text(text)
    return path


def test_a_client_is_connected_to_the_accounts_that_serve_it(tmp_path: Path) -> None:
    text = GOOD.replace("sources:\n", "  - {id: other, name: Other}\nsources:\n")
    apollo = "  apollo: {accounts: [{name: main, api_key_env: KEY, phone_cap: 5, webhook_url: https://x.example}]}\n"
    config = load_config(write(tmp_path, text + apollo))
    assert config.connected("acme") == {"apollo", "apollo.phones", "smartlead", "hubspot"}
    assert config.connected("other") == {"apollo", "apollo.phones"}


def test_ids_of_experiments_differ(tmp_path: Path) -> None:
    one = "{id: a, client: acme, campaign: '7', arms: {A: 1.0}}"
    with pytest.raises(ConfigError, match=r"experiments\.1\.id: a is the id of another one"):
        load_config(write(tmp_path, f"{GOOD}experiments: [{one}, {one}]\n"))


def test_a_good_file_is_read_and_its_paths_start_at_it(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, GOOD))
    assert config.state_dir == tmp_path / ".winnow"
    assert config.configured_sources() == ("smartlead", "hubspot")


@pytest.mark.parametrize(
    ("change", "line", "key", "problem"),
    [
        (("  name: Test", "  nmae: Test"), 2, "agency.nmae", "unknown key"),
        (("    name: Acme\n", ""), 4, "clients.0.name", "is missing"),
        (("client: acme", "client: nobody"), 10, "sources.smartlead.accounts.0", "maps to nobody"),
        (("id: acme", "id: Ac me"), 4, "clients.0.id", "is no id"),
        (("{industries: [software]}", "{}"), 6, "clients.0.icp", "at least one"),
        (("  name: Test", "  name: Test\n  time_zone: Mars/One"), 3, "agency.time_zone", "IANA"),
        (("{hot: proposal}", "{hot: warm}"), 19, "sources.hubspot.accounts.0.stages.extra.hot", "proposal"),
        (("name: Acme", "name: ${NOT_SET_ANYWHERE}"), 5, "clients.0.name", "NOT_SET_ANYWHERE is not set"),
        (("name: Test", "name: Test\n  reporting_currency: Euro"), 3, "agency.reporting_currency", "'Euro'"),
        (("name: Test", "name: Test\n  exchange_rates: {USD: 0.9}"), 3, "agency.exchange_rates", "give rep"),
    ],
)
def test_an_error_names_line_and_key(
    change: tuple[str, str], line: int, key: str, problem: str, tmp_path: Path
) -> None:
    assert change[0] in GOOD
    path = write(tmp_path, GOOD.replace(*change, 1))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    (found,) = [text for text in str(caught.value).splitlines() if text.startswith(f"{path}:{line}: {key}:")]
    assert problem in found


MONEY = GOOD.replace("  name: Test", "  name: Test\n  reporting_currency: EUR\n  exchange_rates: {USD: 0.92}")
COST = "{name: sending, amount: 0.004, currency: USD, per: message}"
BACKWARDS = ", starts_on: 2026-02-01, ends_on: 2026-01-31"


@pytest.mark.parametrize(
    ("text", "costs", "key", "problem"),
    [
        (MONEY, COST.replace("0.004", "-1"), "costs.0.amount", "greater than or equal to 0"),
        (MONEY, COST.replace("message", "reply"), "costs.0.per", "'month', 'message' or 'lead'"),
        (MONEY, COST.replace("USD", "GBP"), "costs.0.currency", "agency.exchange_rates has no GBP"),
        (GOOD, COST, "costs.0.currency", "give agency.reporting_currency"),
        (MONEY, COST.replace("}", ", client: nobody}"), "costs.0.client", "clients does not list nobody"),
        (MONEY, f"{COST}, {COST}", "costs.1.name", "sending is the name of another one"),
        (MONEY, COST.replace("}", f"{BACKWARDS}}}"), "costs.0", "is after ends_on"),
        (MONEY.replace("0.92", "0"), COST, "agency.exchange_rates.USD", "greater than 0"),
        (MONEY.replace("USD: 0.92", "EUR: 1"), COST, "agency.exchange_rates", "EUR is the reporting"),
    ],
)
def test_an_amount_that_cannot_be_added_up_is_an_error(
    text: str, costs: str, key: str, problem: str, tmp_path: Path
) -> None:
    text = f"{text}costs: [{costs}]\n"
    at = 1 + [line.strip().partition(":")[0] for line in text.splitlines()].index(
        "costs" if key.startswith("costs") else "exchange_rates"
    )
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    (found,) = [line for line in str(caught.value).splitlines() if line.startswith(f"{path}:{at}: {key}:")]
    assert problem in found


def test_a_cost_without_a_client_is_each_clients(tmp_path: Path) -> None:
    text = MONEY.replace("sources:\n", "  - {id: other, name: Other}\nsources:\n")
    shared = f"{text}costs: [{COST}, {{name: retainer, client: other, amount: 10, currency: EUR}}]\n"
    tables = configured(load_config(write(tmp_path, shared)))
    assert [row[:5] for row in tables["ops.costs"][1]] == [
        ("sending", "acme", Decimal("0.004"), "USD", "message"),
        ("sending", "other", Decimal("0.004"), "USD", "message"),
        ("retainer", "other", Decimal(10), "EUR", "month"),
    ]
    assert tables["ops.exchange_rates"][1] == [("EUR", "EUR", Decimal(1)), ("USD", "EUR", Decimal("0.92"))]


def test_every_problem_gets_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("  name: Test", "  nmae: Test").replace("id: acme", "id: A"))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert len(str(caught.value).splitlines()) >= 3


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="winnow init"):
        load_config(tmp_path / "winnow.yml")


def test_maps_say_whose_what_is(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, GOOD))
    assert account_map(config) == [
        ("smartlead", "main", "account", "", "acme"),
        ("smartlead", "main", "campaign", "7", "acme"),
        ("hubspot", "portal", "account", "", "acme"),
    ]


def test_the_configured_stage_wins_over_the_providers_own(tmp_path: Path) -> None:
    stages = {(row[2], row[3]): row[4] for row in stage_map(load_config(write(tmp_path, GOOD)))}
    assert stages["default", "closedwon"] == "contract_sent"
    assert stages["default", "closedlost"] == "closed_lost"
    assert stages["extra", "hot"] == "proposal"


def test_the_example_is_valid() -> None:
    example = Path(__file__).parents[2] / "winnow.yml.example"
    assert [client.id for client in load_config(example).clients] == ["acme"]
