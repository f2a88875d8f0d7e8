"""Readers over many nights: `python -m benchmarks.chaos.readers [--engine postgres] [--nights 20]`.

Several processes read everything that is published, all the time. Claims: none fails; none sees tables of two
publications within a statement or a transaction; none is kept waiting by a publish.
"""

from __future__ import annotations

from statistics import median

from benchmarks.chaos.reader import Seen, readers, together
from benchmarks.chaos.world import FORKS, Event, Verdict, arguments, world

SLOW_SECONDS = 5.0
"""A reader that waited so long for a publish was blocked; other programs of the machine count, too."""


def publishing(events: list[Event]) -> list[tuple[float, float]]:
    """Return when tables were being published."""
    begun = [e.at for e in events if (e.kind, e.stage, e.step) == ("begin", "publish", "tables")]
    ended = [e.at for e in events if (e.kind, e.stage, e.step) == ("end", "publish", "tables")]
    return list(zip(begun, ended, strict=True))


def latencies(seen: Seen, spans: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Return the seconds of the polls that met a publish, and of all others."""
    meeting: list[float] = []
    others: list[float] = []
    for start, seconds in seen.polls:
        is_met = any(start < end and begin < start + seconds for begin, end in spans)
        (meeting if is_met else others).append(seconds)
    return meeting, others


def figures(name: str, seconds: list[float]) -> str:
    """Return median, 99th percentile and the longest, in milliseconds."""
    if not seconds:
        return f"{name}: no polls"
    ordered = sorted(1000 * second for second in seconds)
    p99 = ordered[int(0.99 * (len(ordered) - 1))]
    longest = f"99 % within {p99:.0f} ms, longest {ordered[-1]:.0f} ms"
    return f"{name}: {len(ordered):,} polls, median {median(ordered):.0f} ms, {longest}"


def main() -> None:
    """Run the nights."""
    options = arguments(__doc__, nights=20, readers=3)
    verdict, spans, published = Verdict(f"readers on {options.engine}"), [], 0
    with world(options.engine) as made, readers(made.case, options.readers, FORKS) as seen:
        for number in range(options.nights):
            with made.served(number) as server:
                night = made.run(server, number)
            verdict.claim(f"night {number} is done", night.exit_code == 0, night.err)
            spans += publishing(night.events)
            published += night.exit_code == 0
    all_seen = together(seen)
    meeting, others = latencies(all_seen, spans)
    verdict.claim("no reader failed", not all_seen.errors, all_seen.errors[:3])
    verdict.claim("no mixed state", not all_seen.mixed, all_seen.mixed[:3])
    verdict.claim("every publication was seen", len(all_seen.states) == published, len(all_seen.states))
    verdict.claim("nobody was kept waiting", max(meeting, default=0) < SLOW_SECONDS, max(meeting, default=0))
    verdict.end(
        f"{published} publications, {options.readers} readers, {len(all_seen.errors)} errors,"
        f" {len(all_seen.mixed)} mixed states",
        figures("while publishing", meeting),
        figures("at other times", others),
    )


if __name__ == "__main__":
    main()
