"""One run a warehouse: a row that says who holds it, kept warm by a heartbeat; the dead lose it."""

from __future__ import annotations

import getpass
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from pipeline.clock import utc_now
from pipeline.errors import LockHeldError, RunError
from pipeline.state import locks

HEARTBEAT_SECONDS = 30.0
DEAD_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Holder:
    """Who holds a warehouse."""

    run_id: str
    command: str
    holder: str
    host: str
    pid: int
    since: datetime
    heartbeat: datetime

    def is_alive(self, now: datetime) -> bool:
        """Say whether the holder still runs, as far as can be told from here."""
        if now - self.heartbeat > DEAD_AFTER:
            return False
        return self.host != socket.gethostname() or _process_exists(self.pid)

    def sentence(self) -> str:
        """Say who it is, for a person."""
        return (
            f"`winnow {self.command}` by {self.holder} on {self.host} (process {self.pid})"
            f" runs since {self.since:%Y-%m-%d %H:%M:%S} UTC"
        )


def holder_of(engine: Engine, target: str) -> Holder | None:
    """Return who holds the warehouse of `target`, dead or alive, or None."""
    with engine.connect() as connection:
        row = connection.execute(sa.select(locks).where(locks.c.target == target)).mappings().first()
    return Holder(**{key: value for key, value in row.items() if key != "target"}) if row else None


@contextmanager
def hold(engine: Engine, target: str, run_id: str, command: str) -> Iterator[Callable[[], None]]:
    """Hold the warehouse of `target` for as long as the block lasts.

    Yields a check that raises RunError when somebody else has taken the lock over meanwhile (this machine
    slept, say). Raises LockHeldError at once when another run holds it.
    """
    mine = _me(run_id, command)
    _acquire(engine, target, mine)
    done = threading.Event()
    beat = threading.Thread(target=_keep_warm, args=(engine, target, run_id, done), daemon=True)
    beat.start()

    def check() -> None:
        holder = holder_of(engine, target)
        if holder is None or holder.run_id != run_id:
            who = holder.sentence() if holder else "nobody holds it now"
            raise RunError(f"this run lost the warehouse while it was not heard of: {who}; run again")

    try:
        yield check
    finally:
        done.set()
        beat.join()
        with engine.begin() as connection:
            connection.execute(sa.delete(locks).where(locks.c.target == target, locks.c.run_id == run_id))


def _me(run_id: str, command: str) -> Holder:
    now = utc_now()
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = f"user {os.getuid()}"
    return Holder(run_id, command, user, socket.gethostname(), os.getpid(), now, now)


def _acquire(engine: Engine, target: str, mine: Holder) -> None:
    """Insert the row, or swap a dead holder's for it; both are single statements, so only one run can win."""
    values = {"target": target, **mine.__dict__}
    try:
        with engine.begin() as connection:
            connection.execute(sa.insert(locks).values(values))
        return
    except sa.exc.IntegrityError:
        holder = holder_of(engine, target)
    if holder is not None and holder.is_alive(utc_now()):
        raise LockHeldError(f"another run holds the warehouse: {holder.sentence()}; wait for it or stop it")
    last = (holder.run_id, holder.heartbeat) if holder else (None, None)
    with engine.begin() as connection:
        swapped = connection.execute(
            sa.update(locks)
            .where(locks.c.target == target, locks.c.run_id == last[0], locks.c.heartbeat == last[1])
            .values(values)
        )
    if swapped.rowcount != 1:
        raise LockHeldError("another run has just taken the warehouse; wait for it")


def _keep_warm(engine: Engine, target: str, run_id: str, done: threading.Event) -> None:
    mine = sa.update(locks).where(locks.c.target == target, locks.c.run_id == run_id)
    while not done.wait(HEARTBEAT_SECONDS):
        try:
            with engine.begin() as connection:
                connection.execute(mine.values(heartbeat=utc_now()))
        except sa.exc.SQLAlchemyError:  # a restarting server: the next beat tries again
            continue


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
