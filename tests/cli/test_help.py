"""The help is the documentation: every command has a line, an example and the common options, at once."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from cli import main

COMMANDS = sorted(main.commands)
WITHOUT_CONFIG = {"init", "demo", "pool"}
HEAVY = (
    "pydantic",
    "sqlalchemy",
    "duckdb",
    "dbt",
    "dlt",
    "pandas",
    "numpy",
    "great_expectations",
    "altair",
    "anthropic",
    "psycopg2",
    "httpx",
    "jinja2",
)


def test_all_commands_of_the_design_are_there() -> None:
    stages = {"load", "build", "score", "answer", "learn", "publish", "act"}
    others = {"init", "doctor", "demo", "run", "replies", "detect", "status", "leads", "lead", "export"}
    assert set(COMMANDS) >= stages | others


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_a_summary_in_one_line_and_an_example(name: str) -> None:
    command = main.commands[name]
    summary = command.get_short_help_str(limit=200)
    assert summary.endswith(".")
    assert len(summary) <= 90
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0
    assert f"  Example:\n    winnow {name}" in done.output


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - WITHOUT_CONFIG))
def test_a_command_takes_config_target_and_json(name: str) -> None:
    command = main.commands[name]
    commands = (
        command.commands.values() if isinstance(command, click.Group) and not command.params else [command]
    )
    for one in commands:
        options = {option for parameter in one.params for option in parameter.opts}
        assert {"--config", "--target", "--json"} <= options, one.name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    for parameter in main.commands[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom cli import main\n"
        "assert CliRunner().invoke(main, ['run', '--help']).exit_code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
