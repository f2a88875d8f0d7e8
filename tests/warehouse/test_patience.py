"""Trouble that may pass is waited out, three times and with growing waits; other trouble is told at once."""

import pytest

from warehouse.patience import Patience, disk_full_line, is_disk_full, is_transient

RESTARTING = "server closed the connection unexpectedly"


class Flaky:
    """Fails so many times, then works."""

    def __init__(self, failures: int, message: str = RESTARTING) -> None:
        self.failures, self.message, self.calls = failures, message, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise RuntimeError(self.message)
        return "done"


def test_a_transient_failure_is_tried_again_three_times_with_growing_waits() -> None:
    waits: list[float] = []
    work = Flaky(3)
    assert Patience(3, 2.0, waits.append).attempt(work) == "done"
    assert (work.calls, waits) == (4, [2.0, 8.0, 32.0])


def test_a_failure_that_stays_is_raised_as_it_is() -> None:
    work, retries = Flaky(9), []
    with pytest.raises(RuntimeError, match=RESTARTING):
        Patience(3, 0, lambda _: None).attempt(work, lambda: retries.append(1))
    assert (work.calls, len(retries)) == (4, 3)


def test_what_does_not_pass_is_told_at_once() -> None:
    work = Flaky(1, "column x is unknown")
    with pytest.raises(RuntimeError, match="column x"):
        Patience(3, 0, lambda _: None).attempt(work)
    assert work.calls == 1


@pytest.mark.parametrize(
    "message",
    [
        "FATAL:  terminating connection due to administrator command",
        "FATAL:  the database system is starting up",
        'connection to server at "db" (10.0.0.1), port 5432 failed: Connection refused',
        "IO Error: Could not set lock on file: Conflicting lock is held in python3",
        "cannot open warehouse.duckdb: another process has it open; wait for it or stop it",
        "database is locked",
    ],
)
def test_trouble_with_connections_and_locks_may_pass(message: str) -> None:
    assert is_transient(RuntimeError(message))


@pytest.mark.parametrize(
    "message",
    [
        'connection to server failed: FATAL:  password authentication failed for user "winnow"',
        'connection to server failed: FATAL:  database "winow" does not exist',
        "could not extend file: No space left on device",
        "division by zero",
    ],
)
def test_what_a_person_has_to_mend_does_not_pass(message: str) -> None:
    assert not is_transient(RuntimeError(message))


def test_the_cause_of_an_error_counts() -> None:
    error = ValueError("the load failed")
    error.__cause__ = OSError(RESTARTING)
    assert is_transient(error)


def test_ctrl_c_is_not_waited_out() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt(RESTARTING)

    with pytest.raises(KeyboardInterrupt):
        Patience(3, 0, lambda _: None).attempt(interrupted)


@pytest.mark.parametrize("message", ["No space left on device", "database or disk is full"])
def test_a_full_disk_is_recognised(message: str) -> None:
    assert is_disk_full(RuntimeError(message))


def test_what_says_that_the_disk_is_full_is_found_among_other_lines() -> None:
    error = RuntimeError("model a: it was skipped\n  model b: No space left on device \nmodel c: it failed")
    assert disk_full_line(error) == "model b: No space left on device"
    assert disk_full_line(RuntimeError("model a: it failed")) == ""
