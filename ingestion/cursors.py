"""Cursors by modification date: how far one moves, and where the next read begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.jobs import Cursor, Job
from ingestion.paging import iso, moment

PLACES = "places"
"""Where a cursor says how far the reading of an object got that the end of its time cut short."""


@dataclass
class Reading:
    """How far the reading of one object got: its newest change, how many records, whether that is all."""

    last: datetime | None = None
    count: int = 0
    is_whole: bool = True

    def saw(self, changed_at: datetime | None) -> None:
        """Count one record."""
        self.count += 1
        if changed_at is not None and (self.last is None or changed_at > self.last):
            self.last = changed_at


def start_of(job: Job, name: str, overlap: timedelta, part: str = "") -> datetime | None:
    """Return from when on object `name` is read: `since`, else its cursor less `overlap`; None: all.

    A reading that was cut short goes on where it was: the overlap could be more than one night can read.
    part: the list, where several show some of the object.
    """
    before, place = moment(job.cursor.get(name)), moment(job.cursor.get(PLACES, {}).get(part or name))
    return job.request.since or place or (before - overlap if before else None)


def keep(job: Job, cursor: Cursor, name: str, readings: Mapping[str, Reading], overlap: timedelta) -> None:
    """Write into `cursor` how far object `name` is read: its date, or the places where parts were cut short.

    readings: part → its reading, in the order of its changes; the name stands for the only part.
    """
    request = job.request
    is_whole = all(reading.is_whole for reading in readings.values())
    places = dict(cursor.get(PLACES, {}))
    for part, reading in readings.items():
        if is_whole:
            places.pop(part, None)
        elif reading.last is not None:
            places[part] = iso(min(reading.last, request.run_at - overlap))
    last = max((one.last for one in readings.values() if one.last is not None), default=None)
    if is_whole and (until := moved(job, name, last)) is not None:
        cursor[name] = until
    if request.since is None and request.until is None and request.limit is None:
        cursor[PLACES] = places
        if not places:
            del cursor[PLACES]


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
