"""The disk runs full at each stage: `python -m benchmarks.chaos.disk_full [--engine postgres]`.

All of the case (and PostgreSQL's data) lies on a small tmpfs, which is filled when a step begins; needs root.
Claims: the run fails with one line that says so, readers keep the last good state, and once there is room
again `winnow run` goes on, until every mart equals an undisturbed night's. Exit code 2: it cannot be tried.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.chaos.reader import readers, together
from benchmarks.chaos.world import FORKS, Calm, Moment, Verdict, World, arguments, calm_nights, world
from tests.engines.marts import differences

STEPS = (
    ("load", "apollo"),
    ("load", "smartlead"),
    ("build", "facts"),
    ("score", "leads"),
    ("answer", "answers"),
    ("learn", "who"),
    ("publish", "gate"),
    ("publish", "tables"),
    ("act", "report page"),
)
LEFT_BYTES = (0, 192 * 1024)
"""How much room is left when a step begins: the first write fails, or a later one."""

BALLAST = "ballast"


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Mount a tmpfs; leaves with exit code 2 where that is not allowed."""
    with tempfile.TemporaryDirectory(prefix="winnow-disk-") as folder:
        Path(folder).chmod(0o755)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", folder]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            print("disk_full needs root to mount a small tmpfs; nothing was tried", file=sys.stderr)
            sys.exit(2)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path, left: int) -> None:
    """Leave `left` bytes, unless that was done."""
    ballast, room = disk / BALLAST, os.statvfs(disk)
    size = room.f_bavail * room.f_frsize - left
    if size > 0 and not ballast.exists():
        with ballast.open("wb") as file, suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, size)


def one_night(world: World, calm: Calm, disk: Path, left: int, verdict: Verdict) -> int:
    """Fill the disk at every step in turn; return how many runs that stopped."""
    world.restore(calm.base)
    stopped, to_come = 0, list(STEPS)
    with world.served(calm.number) as server, readers(world.case, 1, FORKS) as seen:
        while to_come:
            moments = [Moment(*step) for step in to_come]
            night = world.run(
                server, calm.number, moments=moments, act=lambda _process, _moment: fill(disk, left)
            )
            (disk / BALLAST).unlink(missing_ok=True)
            lines = night.err.strip().splitlines()
            if not verdict.claim("a step begins", bool(night.came), lines[-1:]):
                break
            at = night.came[0]
            to_come = to_come[to_come.index((at.stage, at.step)) + 1 :]
            verdict.tell(
                f"{left // 1024} KiB left at {at.stage} {at.step}: exit {night.exit_code} {lines[-1:]}"
            )
            if not night.exit_code:
                verdict.tell("that was enough room; the night is over")
                break
            stopped += 1
            is_said = len(lines) == 1 and "free some space and run again" in lines[0]
            verdict.claim("one line says that the disk is full", is_said, lines[:5])
        verdict.claim("without any room every step is stopped", bool(left) or stopped == len(STEPS), stopped)
        last = world.run(server, calm.number)
        spent = dict(server.credits)
    verdict.claim("with room again the night is done", last.exit_code == 0, last.err)
    found = differences(world.marts(), calm.marts, ("the disturbed night", "the undisturbed one"))
    verdict.claim("every mart equals an undisturbed night's", not found, "\n    ".join(found))
    verdict.claim("nothing is paid for twice", spent == calm.credits, f"{spent} {calm.credits}")
    all_seen = together(seen)
    turned_away = [error for error in all_seen.errors if "No space left on device" in error]
    if turned_away:  # a server that finds no room for a cache of its own takes no connection
        verdict.tell(f"{len(turned_away)} of {len(all_seen.polls)} polls: the server took no connection")
    others = [error for error in all_seen.errors if error not in turned_away]
    verdict.claim("no reader failed", not others, others[:3])
    verdict.claim("no reader saw a mixed state", not all_seen.mixed, all_seen.mixed[:3])
    return stopped


def main() -> None:
    """A later night, so that readers have something to keep."""
    options = arguments(__doc__, megabytes=400)
    verdict = Verdict(f"disk full on {options.engine}")
    settings = "run:\n  retry_wait_seconds: 0.5\n"
    with (
        small_disk(options.megabytes) as disk,
        world(options.engine, settings=settings, case=disk / "case", data=disk / "pg") as made,
    ):
        calm = calm_nights(made)[1]
        stopped = [one_night(made, calm, disk, left, verdict) for left in LEFT_BYTES]
    verdict.end(f"{sum(stopped)} runs stopped by a full disk, at {len(STEPS)} steps")


if __name__ == "__main__":
    main()
