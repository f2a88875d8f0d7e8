"""A published e-mail test of 64,000 customers as files to import: three arms, one of them a holdout."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

CLIENT = "hillstrom"
CAMPAIGN = "spring"
HOLDOUT = "No E-Mail"
METRICS = ("visit", "conversion", "spend")
SENT_AT = "2008-03-20T09:00:00Z"
SEEN_AT = "2008-04-03T00:00:00Z"
OUTCOMES = frozenset({"segment", *METRICS})

WINNOW_YML = f"""
agency: {{name: Hillstrom, key_salt: hillstrom}}
clients:
  - {{id: {CLIENT}, name: Hillstrom}}
"""


def write_files(source: Path, folder: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """Write the canonical files; return (arm, metric) → (customers, those with more than nothing)."""
    sizes: Counter[str] = Counter()
    hits: Counter[tuple[str, str]] = Counter()
    _write(folder / "campaigns.csv", [["id", "name", "client"], [CAMPAIGN, "Spring", CLIENT]])
    people, leads, outcomes = [], [["campaign_id", "lead", "variant", "holdout", "added_at"]], []
    with source.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            if not people:
                people.append(["id", *(name for name in row if name not in OUTCOMES)])
                outcomes.append(["lead", "client", "name", "time", "value"])
            arm = row["segment"]
            sizes[arm] += 1
            people.append([str(number), *(value for name, value in row.items() if name not in OUTCOMES)])
            leads.append([CAMPAIGN, str(number), arm, str(arm == HOLDOUT).lower(), SENT_AT])
            for metric in METRICS:
                outcomes.append([str(number), CLIENT, metric, SEEN_AT, row[metric]])
                hits[arm, metric] += float(row[metric]) > 0
    for name, rows in (("people", people), ("campaign_leads", leads), ("outcomes", outcomes)):
        _write(folder / f"{name}.csv", rows)
    return {(arm, metric): (sizes[arm], hits[arm, metric]) for arm in sizes for metric in METRICS}


def _write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
