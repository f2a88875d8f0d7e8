"""winnow.yml: every error names its line and its key."""

from pathlib import Path

import pytest

from pipeline.config import ConfigError, load_config
from pipeline.operations import account_map, stage_map

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
