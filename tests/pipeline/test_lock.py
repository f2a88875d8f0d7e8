"""One run a warehouse, and the dead lose it."""

import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from pipeline import lock
from pipeline.clock import utc_now
from pipeline.errors import LockHeldError, RunError
from pipeline.lock import hold, holder_of
from pipeline.state import locks

STARTERS = 5
"""As many as the state database's pool has connections."""


def held_by(state: Engine, **changes: object) -> None:
    """Put a lock of another run there."""
    now = utc_now()
    row = {
        "target": "t",
        "token": "theirs",
        "run_id": "other",
        "command": "run",
        "holder": "ada",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "born": lock._born(os.getpid()),
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
    with hold(state, "t", "mine", "run") as held:
        held.check()
        with state.begin() as connection:
            connection.execute(sa.update(locks).values(token="theirs"))
        with pytest.raises(RunError, match="lost the warehouse"):
            held.check()


def test_a_process_with_the_same_number_is_not_the_holder(state: Engine) -> None:
    held_by(state, born=f"{lock._realm(lock._born(os.getpid()))} 1")
    with hold(state, "t", "mine", "run"):
        assert holder_of(state, "t") is not None


def test_a_living_holder_that_could_not_be_heard_of_keeps_it(state: Engine) -> None:
    held_by(state, heartbeat=utc_now() - timedelta(hours=6))
    with pytest.raises(LockHeldError), hold(state, "t", "mine", "run"):
        pass


def test_a_holder_in_another_container_is_judged_by_its_heartbeat(state: Engine) -> None:
    held_by(state, born="another-boot pid:[1] 7", pid=finished_pid())
    with pytest.raises(LockHeldError), hold(state, "t", "mine", "run"):
        pass


def test_the_lock_says_which_run_is_gone_on_with(state: Engine) -> None:
    with hold(state, "t", "mine", "run") as held:
        held.works_on("earlier")
        held.check()
        holder = holder_of(state, "t")
        assert holder is not None
        assert holder.run_id == "earlier"


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


@pytest.mark.parametrize("is_left_over", [False, True], ids=["free", "left by a dead run"])
def test_of_many_that_start_together_one_gets_it(state: Engine, is_left_over: bool) -> None:
    if is_left_over:
        held_by(state, pid=finished_pid())
    everybody = threading.Barrier(STARTERS)

    def start(number: int) -> str:
        everybody.wait()
        try:
            with hold(state, "t", str(number), "run"):
                everybody.wait()  # until all have tried
                return "held"
        except LockHeldError:
            everybody.wait()
            return "refused"

    with ThreadPoolExecutor(STARTERS) as pool:
        found = sorted(pool.map(start, range(STARTERS)))
    assert found == ["held"] + ["refused"] * (STARTERS - 1)
