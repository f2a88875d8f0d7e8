"""How long a stage may take: first it is interrupted, and when it does not listen, the process ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from pipeline.errors import StageTimeoutError

GRACE_SECONDS = 60.0


@contextmanager
def limit(stage: str, seconds: float, at_last: Callable[[str], None]) -> Iterator[None]:
    """Raise StageTimeoutError inside the block after `seconds`.

    What waits in a driver cannot be interrupted: after GRACE_SECONDS more, `at_last` is called with what to
    say and the process ends; the next run goes on from the last finished step. Without effect outside the
    main thread, which is the only one that can be interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    line = (
        f"stage {stage} was stopped: it took longer than {seconds:g} s; `winnow run` goes on from its last"
        " finished step; run.stage_timeout_seconds in winnow.yml is the limit"
    )

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise StageTimeoutError(line)

    def end() -> None:
        at_last(line)
        print(f"error: {line}", file=sys.stderr, flush=True)
        os._exit(1)

    before = signal.signal(signal.SIGALRM, interrupt)
    last = threading.Timer(seconds + GRACE_SECONDS, end)
    last.daemon = True
    last.start()
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        last.cancel()
