"""Precision, recall and F1 of links on labelled people, by pairs of records that end up as one person."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from scoring.identity import chosen
from scoring.identity_model import COUNTED, read_model, score_pairs

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "entity_resolution" / "fake_1000.csv"

pytestmark = pytest.mark.skipif(not DATA.is_file(), reason="the labelled people are not on this machine")

Record = dict[str, Any]
Pairs = set[tuple[str, str]]


def read(*, has_number: bool) -> list[Record]:
    """Return the people; with has_number the date of birth, typing errors included, stands for a number."""
    with DATA.open(newline="") as file:
        rows = [{key: value.lower() or None for key, value in row.items()} for row in csv.DictReader(file)]
    counts = {
        name: Counter(row[column] for row in rows if row[column])
        for name, column in zip(COUNTED, ("first_name", "surname", "city"), strict=True)
    }
    return [
        {
            "unique_id": str(row["unique_id"]).zfill(4),
            "first_name": row["first_name"],
            "last_name": row["surname"],
            "email": row["email"],
            "phone": str(row["dob"]).replace("-", "") if has_number else None,
            "company": None,
            "city": row["city"],
            "tf_first_name": counts["first_name"][row["first_name"]] / counts["first_name"].total(),
            "tf_last_name": counts["last_name"][row["surname"]] / counts["last_name"].total(),
            "tf_city": counts["city"][row["city"]] / counts["city"].total(),
            "cluster": row["cluster"],
        }
        for row in rows
    ]


def pairs_within(groups: Iterable[Sequence[str]]) -> Pairs:
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def blocks(people: Sequence[Record]) -> list[list[str]]:
    found: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for person in people:
        email, first, last = person["email"], person["first_name"], person["last_name"]
        for block in (
            ("address", email and email.split("@")[0]),
            ("name", first and last and f"{first} {last}"),
            ("number", person["phone"]),
        ):
            if block[1]:
                found[block].append(person["unique_id"])
    return list(found.values())


def closure(people: Sequence[Record], links: Iterable[tuple[str, str]]) -> Pairs:
    groups = {person["unique_id"]: [person["unique_id"]] for person in people}
    for left, right in links:
        if groups[left] is not groups[right]:
            groups[left] += groups[right]
            groups |= dict.fromkeys(groups[right], groups[left])
    return pairs_within({id(group): group for group in groups.values()}.values())


@pytest.mark.parametrize(
    ("has_number", "recall"), [(False, 0.42), (True, 0.55)], ids=["names, city, address", "and a number"]
)
def test_links_are_right_99_times_in_100(has_number: bool, recall: float) -> None:
    people = read(has_number=has_number)
    by_cluster, by_email = defaultdict(list), defaultdict(list)
    for person in people:
        by_cluster[person["cluster"]].append(person["unique_id"])
        if person["email"]:
            by_email[person["email"]].append(person["unique_id"])
    true, shared = pairs_within(by_cluster.values()), pairs_within(by_email.values())
    records = [{key: value for key, value in person.items() if key != "cluster"} for person in people]
    scored = score_pairs(records, sorted(pairs_within(blocks(people)) - shared))
    known = {
        person["unique_id"]: {
            "person_key": person["unique_id"],
            "apollo_id": None,
            "linkedin_url": None,
            "part": None,
        }
        for person in people
    }
    links = {(link.left_key, link.right_key) for link in chosen(scored, known, read_model())}
    for name, found in (
        ("links of the model alone", links),
        ("addresses alone", closure(people, shared)),
        ("addresses and links", closure(people, [*sorted(shared), *sorted(links)])),
    ):
        right = len(found & true)
        precision, reached = right / len(found), right / len(true)
        f1 = 2 * precision * reached / (precision + reached)
        print(f"{name}: {len(found)} pairs, precision {precision:.4f}, recall {reached:.4f}, F1 {f1:.4f}")
    assert links
    assert precision >= 0.99
    assert reached >= recall
