"""One run a warehouse, and the dead lose it."""

import os
import socket
import subprocess
import sys
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from pipeline import lock
from pipeline.clock import utc_now
from pipeline.errors import LockHeldError, RunError
from pipeline.lock import hold, holder_of
from pipeline.state import locks


def held_by(state: Engine, **changes: object) -> None:
    """Put a lock of another run there."""
    now = utc_now()
    row = {
        "target": "t",
        "run_id": "other",
        "command": "run",
        "holder": "ada",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": now - timedelta(hours=1),
        "heartbeat": now,
    }
    with state.begin() as connection:
        connection.execute(sa.insert(locks).values(row | changes))


def finished_pid() -> int:
    """Return the id of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_lock_is_held_inside_the_block_and_free_after_it(state: Engine) -> None:
    with hold(state, "t", "mine", "run"):
        holder = holder_of(state, "t")
        assert holder is not None
        assert (holder.run_id, holder.pid, holder.command) == ("mine", os.getpid(), "run")
    assert holder_of(state, "t") is None


def test_the_lock_is_free_after_an_error(state: Engine) -> None:
    with pytest.raises(ZeroDivisionError), hold(state, "t", "mine", "run"):
        raise ZeroDivisionError
    assert holder_of(state, "t") is None


def test_a_second_run_is_told_who_runs_since_when(state: Engine) -> None:
    held_by(state)
    holder = holder_of(state, "t")
    assert holder is not None
    with pytest.raises(LockHeldError) as caught, hold(state, "t", "mine", "load"):
        pass
    message = str(caught.value)
    assert caught.value.exit_code == 75
    assert "ada" in message
    assert f"{holder.since:%Y-%m-%d %H:%M:%S} UTC" in message
    assert holder_of(state, "t") == holder


def test_another_target_is_another_warehouse(state: Engine) -> None:
    held_by(state)
    with hold(state, "u", "mine", "run"):
        assert holder_of(state, "t") is not None


def test_a_holder_whose_process_is_gone_is_taken_over(state: Engine) -> None:
    held_by(state, pid=finished_pid())
    with hold(state, "t", "mine", "run"):
        holder = holder_of(state, "t")
        assert holder is not None
        assert holder.run_id == "mine"


def test_a_holder_not_heard_of_for_five_minutes_is_taken_over(state: Engine) -> None:
    held_by(state, host="elsewhere", heartbeat=utc_now() - timedelta(minutes=6))
    with hold(state, "t", "mine", "run"):
        assert holder_of(state, "t") is not None


def test_a_holder_on_another_machine_that_was_heard_of_keeps_it(state: Engine) -> None:
    held_by(state, host="elsewhere", pid=finished_pid())
    with pytest.raises(LockHeldError), hold(state, "t", "mine", "run"):
        pass


def test_a_run_that_lost_its_lock_notices(state: Engine) -> None:
    with hold(state, "t", "mine", "run") as still_held:
        still_held()
        with state.begin() as connection:
            connection.execute(sa.update(locks).values(run_id="other"))
        with pytest.raises(RunError, match="lost the warehouse"):
            still_held()


def test_the_heartbeat_moves(state: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "HEARTBEAT_SECONDS", 0.01)
    with hold(state, "t", "mine", "run"):
        first = holder_of(state, "t")
        assert first is not None
        deadline = utc_now() + timedelta(seconds=20)
        while (now := holder_of(state, "t")) is not None and now.heartbeat == first.heartbeat:
            assert utc_now() < deadline
        assert now is not None
        assert now.since == first.since
