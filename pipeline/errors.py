"""How a run or a command can end: exit codes, and the errors that carry them."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command tells the shell."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    DECISION = 4
    INCOMPLETE = 5
    HELD = 75


class RunError(Exception):
    """A step could not be done. `lines`: one line a problem, each saying what happened and what to do."""

    exit_code = ExitCode.FAILED

    def __init__(self, *lines: str) -> None:
        """Keep the lines."""
        super().__init__("\n".join(lines))
        self.lines = lines


class UsageError(RunError):
    """The command or its arguments make no sense here."""

    exit_code = ExitCode.USAGE


class ChecksFailedError(RunError):
    """Checks of severity error failed: nothing is published."""

    exit_code = ExitCode.REFUSED


class LockHeldError(RunError):
    """Another run holds the warehouse."""

    exit_code = ExitCode.HELD


class DecisionNeededError(RunError):
    """Only a person can say how to go on."""

    exit_code = ExitCode.DECISION


class StageTimeoutError(KeyboardInterrupt):
    """A stage took longer than it may.

    A KeyboardInterrupt, because that is what libraries that run threads, such as dbt, know how to stop at.
    """
