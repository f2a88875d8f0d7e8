"""Cursors by modification date: how far one moves, and where the next read begins."""

from __future__ import annotations

from datetime import datetime, timedelta

from ingestion.jobs import Job
from ingestion.paging import iso, moment


def start_of(job: Job, name: str, overlap: timedelta) -> datetime | None:
    """Return from when on object `name` is read: `since`, else its cursor less `overlap`; None: all."""
    before = moment(job.cursor.get(name))
    return job.request.since or (before - overlap if before else None)


def moved(job: Job, name: str, last: datetime | None) -> str | None:
    """Return the moment up to which object `name` is complete; None: it was never read.

    It never lies behind the run's clock, because what changed while the run was reading may be missing, and a
    period or a limit that leaves a gap does not move it. last: the newest change that was read.
    """
    before: str | None = job.cursor.get(name)
    old, since = moment(before), job.request.since
    leaves_gap = (since is not None and (old is None or since > old)) or job.request.limit is not None
    if last is None or leaves_gap:
        return before
    last = min(last, job.request.run_at)
    return before if old is not None and last < old else iso(last)
