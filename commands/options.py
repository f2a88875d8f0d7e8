"""What every command takes, and how it ends: options, errors in one line, exit codes."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.context import Progress
    from warehouse import Warehouse

Command = TypeVar("Command", bound=Callable[..., Any])

USAGE_ERRORS = frozenset({"ConfigError", "ProfileError", "PointsError"})
"""Errors of configuration, by name: importing their modules would make `winnow --help` slow."""

OURS = frozenset({"pipeline", "warehouse", "ingestion", "scoring", "sandbox", "commands"})


@dataclass(frozen=True)
class Settings:
    """The options that every command takes."""

    config_path: Path
    target: str | None
    as_json: bool

    @functools.cached_property
    def config(self) -> Config:
        """Return winnow.yml, validated."""
        from pipeline.config import load_config

        return load_config(self.config_path)

    @functools.cached_property
    def warehouse(self) -> Warehouse:
        """Return the warehouse of the target; profiles.yml stands beside winnow.yml."""
        from warehouse import open_warehouse

        return open_warehouse(self.config_path.resolve().parent, self.target)

    def show(self, value: Any, text: str) -> None:
        """Print `value` as JSON with --json, else `text`."""
        click.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False) if self.as_json else text)


def common(command: Command, target_option: str = "--target") -> Command:
    """Give a command --config, --target and --json, as its first argument `settings`.

    target_option: another name for --target, where a command has a target of its own.
    """

    @click.option(
        "--config",
        "config_path",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path("winnow.yml"),
        show_default=True,
        help="Configuration; profiles.yml stands beside it.",
    )
    @click.option(
        target_option, "target", help="dbt target: where the warehouse is.  [default: the profile's own]"
    )
    @click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
    @functools.wraps(command)
    def with_settings(
        *args: Any,
        config_path: Path,
        target: str | None,
        as_json: bool,
        **options: Any,
    ) -> Any:
        return command(Settings(config_path, target, as_json), *args, **options)

    return with_settings  # type: ignore[return-value]  # click's decorators keep the shape


if TYPE_CHECKING:
    _TimeBase = click.ParamType[datetime]
else:
    _TimeBase = click.ParamType  # older releases of click have no parameter here


class Time(_TimeBase):
    """A point in time, ISO 8601; UTC where it has no offset."""

    name = "time"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> datetime:
        """Return the moment."""
        from pipeline.clock import parse_time
        from pipeline.errors import UsageError

        try:
            return parse_time(str(value))
        except UsageError as error:
            self.fail(str(error), param, ctx)


class Group(click.Group):
    """The command group; errors of ours become one line a problem and the right exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:  # the reader of our output has gone, such as `head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise click.exceptions.Exit(1) from None
        except Exception as error:
            if os.environ.get("WINNOW_DEBUG"):
                raise
            for line in _lines(error):
                click.echo(f"error: {line}", err=True)
            raise click.exceptions.Exit(_exit_code(error)) from error


def _lines(error: Exception) -> list[str]:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    if type(error).__module__.split(".")[0] in OURS:
        return lines
    return [f"{type(error).__name__}: {lines[0]} (WINNOW_DEBUG=1 shows where)"]


def _exit_code(error: Exception) -> int:
    if type(error).__name__ in USAGE_ERRORS:
        return 2
    return int(getattr(error, "exit_code", 1))


def leave(failures: Iterable[str], exit_code: int) -> None:
    """Print a line a failure, and leave with the exit code unless it is 0."""
    for line in failures:
        click.echo(f"error: {line}", err=True)
    if exit_code:
        raise click.exceptions.Exit(int(exit_code))


def progress_bar() -> Progress:
    """Return what shows progress on a terminal's stderr, and nothing elsewhere."""
    from pipeline.context import silent

    stream = sys.stderr
    if not stream.isatty():
        return silent
    last = ""

    def show(what: str, done: int, total: int | None) -> None:
        nonlocal last
        if total:
            filled = min(30, 30 * done // total)
            line = f"{what:<18} [{'#' * filled}{'-' * (30 - filled)}] {done:,}/{total:,}"
        else:
            line = f"{what:<18} {done:,}" if done else f"{what:<18} …"
        if last and last != what:
            stream.write("\n")
        last = what
        stream.write(f"\r{line}\033[K")
        stream.flush()

    return show


def end_progress() -> None:
    """Leave the line that a progress bar was drawn on."""
    if sys.stderr.isatty():
        sys.stderr.write("\n")
