"""One run a warehouse: a row that says who holds it, kept warm by a heartbeat; the dead lose it."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from pipeline.clock import utc_now
from pipeline.errors import LockHeldError, RunError
from pipeline.state import locks
from pipeline.whoami import user
from warehouse.patience import Patience

HEARTBEAT_SECONDS = 30.0
DEAD_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Holder:
    """Who holds a warehouse. token: of this very hold. born: which process it is, on its host."""

    token: str
    run_id: str
    command: str
    holder: str
    host: str
    pid: int
    born: str
    since: datetime
    heartbeat: datetime

    def is_alive(self, now: datetime) -> bool:
        """Say whether the holder still runs, as far as can be told from here.

        Where its process would be seen, that decides; elsewhere, whether it was heard of lately.
        """
        is_here = self.host == socket.gethostname() and _realm(self.born) == _realm(_born(os.getpid()))
        if is_here and self.born:
            return _born(self.pid) == self.born
        return now - self.heartbeat <= DEAD_AFTER

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


class Lock:
    """The lock that this process holds."""

    def __init__(self, engine: Engine, mine: Holder, target: str, patience: Patience) -> None:
        """Remember what was acquired."""
        self._engine, self._mine, self._target, self._patience = engine, mine, target, patience

    def check(self) -> None:
        """Raise RunError when somebody else has taken it over meanwhile (this machine slept, say)."""
        holder = self._patience.attempt(lambda: holder_of(self._engine, self._target))
        if holder is None or holder.token != self._mine.token:
            who = holder.sentence() if holder else "nobody holds it now"
            raise RunError(f"this run lost the warehouse while it was not heard of: {who}; run again")

    def works_on(self, run_id: str) -> None:
        """Say which run this is, once that is known."""
        with self._engine.begin() as connection:
            connection.execute(_mine(self._target, self._mine.token).values(run_id=run_id))


@contextmanager
def hold(
    engine: Engine, target: str, run_id: str, command: str, patience: Patience | None = None
) -> Iterator[Lock]:
    """Hold the warehouse of `target` for as long as the block lasts.

    Raises LockHeldError at once when another run holds it.
    """
    patience = patience or Patience()
    mine = _me(run_id, command)
    _acquire(engine, target, mine)
    done = threading.Event()
    beat = threading.Thread(target=_keep_warm, args=(engine, target, mine.token, done), daemon=True)
    beat.start()
    try:
        yield Lock(engine, mine, target, patience)
    finally:
        done.set()
        beat.join()
        patience.attempt(lambda: _let_go(engine, target, mine.token))


def _let_go(engine: Engine, target: str, token: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.delete(locks).where(locks.c.target == target, locks.c.token == token))


def _mine(target: str, token: str) -> sa.Update:
    return sa.update(locks).where(locks.c.target == target, locks.c.token == token)


def _me(run_id: str, command: str) -> Holder:
    now = utc_now()
    pid = os.getpid()
    return Holder(
        token=str(uuid.uuid4()),
        run_id=run_id,
        command=command,
        holder=user(),
        host=socket.gethostname(),
        pid=pid,
        born=_born(pid),
        since=now,
        heartbeat=now,
    )


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
    last = (holder.token, holder.heartbeat) if holder else (None, None)
    with engine.begin() as connection:
        swapped = connection.execute(
            sa.update(locks)
            .where(locks.c.target == target, locks.c.token == last[0], locks.c.heartbeat == last[1])
            .values(values)
        )
    if swapped.rowcount != 1:
        raise LockHeldError("another run has just taken the warehouse; wait for it")


def _keep_warm(engine: Engine, target: str, token: str, done: threading.Event) -> None:
    mine = _mine(target, token)
    while not done.wait(HEARTBEAT_SECONDS):
        try:
            with engine.begin() as connection:
                connection.execute(mine.values(heartbeat=utc_now()))
        except sa.exc.SQLAlchemyError:  # a restarting server: the next beat tries again
            continue


def _born(pid: int) -> str:
    """Return boot, process namespace and start of a process that can be seen from here, else nothing.

    A process id alone says little: in a container that is started anew it is the same each time.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink("/proc/self/ns/pid")
        start = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):  # it is gone, or this system has no /proc
        return ""
    return f"{boot} {namespace} {start}"


def _realm(born: str) -> str:
    return born.rpartition(" ")[0]
