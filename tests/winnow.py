"""The command, called in this process."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from cli import main


def winnow(folder: Path, *arguments: str, code: int = 0) -> Result:
    """Run `winnow ARGUMENTS --config folder/winnow.yml`; it must exit with `code`."""
    result = CliRunner().invoke(main, [*arguments, "--config", str(folder / "winnow.yml")])
    shown = "\n".join(filter(None, [result.output, repr(result.exception) if result.exception else ""]))
    assert result.exit_code == code, f"winnow {' '.join(arguments)} exited {result.exit_code}:\n{shown}"
    return result
