"""What has to hold after every night, on every engine."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from tests.engines.marts import differences
from tests.engines.nights import FIRST_NIGHT, SETTINGS, Night
from tests.engines.replay import Replay


def check(replays: Mapping[str, Replay], nights: Sequence[Night]) -> None:
    """Run the nights on every engine; all marts are a rebuild's, and at the end the engines agree.

    The first engine is rebuilt after every second night, since what one leaves wrong is still there after the
    next, and after the last one; what the others hold is compared with it then.
    """
    for replay in replays.values():
        replay.reset()
    run_at, compared = FIRST_NIGHT, next(iter(replays))
    with tempfile.TemporaryDirectory() as folder:
        for number, night in enumerate(nights):
            run_at += timedelta(hours=night.hours if number else 0)
            files = night.write(Path(folder) / str(number))
            for engine, replay in replays.items():
                replay.configure(SETTINGS[night.settings])
                replay.decide(night.by_hand)
                replay.night(run_at, files)
                if engine == compared and (number % 2 or number == len(nights) - 1):
                    found = [difference.line for difference in replay.differences()]
                    assert not found, f"{engine}, night {number}: {found}"
                assert night.changes in (None, replay.changes()), f"{engine}, night {number}"
    (first, left), *others = [(engine, replay.marts()) for engine, replay in replays.items()]
    for engine, right in others:
        assert differences(left, right, (first, engine)) == []
