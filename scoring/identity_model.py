"""How likely two records are one person: a Fellegi-Sunter model, computed by splink on a DuckDB of its own.

The numbers stand in scoring/identity.yml and are fixed: a night's records give the same answer whatever else
came that night, and nothing is trained on a customer's data.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from splink import Linker

FIELDS = ("first_name", "last_name", "email", "phone", "company", "city")
COUNTED = ("first_name", "last_name", "city")
"""Fields whose values have a frequency, in column tf_<field>: the share of people that have the value."""

_CONDITIONS = {
    "exact": '"{f}_l" = "{f}_r"',
    "alike": 'jaro_winkler_similarity("{f}_l", "{f}_r") >= {at_least}',
    "same_domain": (
        "split_part(\"{f}_l\", '@', 2) = split_part(\"{f}_r\", '@', 2)"
        ' and jaro_winkler_similarity("{f}_l", "{f}_r") >= {at_least}'
    ),
    "initial": (
        '(length("{f}_l") = 1 or length("{f}_r") = 1) and substr("{f}_l", 1, 1) = substr("{f}_r", 1, 1)'
    ),
    "numbered": "translate(\"{f}_l\", '0123456789', '') = translate(\"{f}_r\", '0123456789', '')",
    "same_local_part": "split_part(\"{f}_l\", '@', 1) = split_part(\"{f}_r\", '@', 1)",
    "one_digit_off": 'length("{f}_l") >= 7 and damerau_levenshtein("{f}_l", "{f}_r") <= 1',
    "other": "ELSE",
}

Pair = tuple[str, str]


@dataclass(frozen=True)
class Model:
    """What scoring/identity.yml says. threshold: the least probability of a link."""

    version: str
    prior: float
    threshold: float
    comparisons: Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Scored:
    """A pair and how likely it is one person. likeness: for every field the level that holds, or none."""

    left: str
    right: str
    probability: float
    likeness: Mapping[str, str]


@lru_cache(maxsize=1)
def read_model() -> Model:
    """Return the model of this release. Raises ValueError where its file is wrong."""
    import yaml

    raw = yaml.safe_load(Path(__file__).with_name("identity.yml").read_text())
    for name, levels in raw["comparisons"].items():
        for side in ("m", "u"):
            total = sum(level[side] for level in levels)
            if abs(total - 1) > 1e-9:
                raise ValueError(f"scoring/identity.yml: {side} of {name} add up to {total:g}, not to 1")
    return Model(str(raw["version"]), raw["prior"], raw["threshold"], raw["comparisons"])


def score_pairs(records: Sequence[Mapping[str, Any]], pairs: Sequence[Pair]) -> list[Scored]:
    """Return the probability of each pair, sorted by pair.

    records: `unique_id`, all FIELDS (lower case, None where unknown) and tf_<field> of those COUNTED.
    pairs: two unique_ids each, the smaller one first.
    """
    if not pairs:
        return []
    import duckdb
    import pyarrow as pa
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    model = read_model()
    schema = pa.schema(
        [("unique_id", pa.string()), *((name, pa.string()) for name in FIELDS)]
        + [(f"tf_{name}", pa.float64()) for name in COUNTED]
    )
    with duckdb.connect(config={"threads": 1}) as connection:
        api = DuckDBAPI(connection)
        people = api.register(pa.Table.from_pylist([dict(record) for record in records], schema=schema))
        linker: Linker = Linker(people, _settings(model), log_level=logging.ERROR, validate_settings=False)
        blocked = pa.table(
            {
                "join_key_l": [left for left, _ in pairs],
                "join_key_r": [right for _, right in pairs],
                "match_key": ["0"] * len(pairs),
            }
        )
        linker.table_management.register_blocked_pairs_for_predict(api.register(blocked))
        found = linker.inference.predict(warning_mode="never").as_record_list()
    return sorted((_scored(model, row) for row in found), key=lambda scored: (scored.left, scored.right))


def _scored(model: Model, row: Mapping[str, Any]) -> Scored:
    likeness = {}
    for name, levels in model.comparisons.items():
        gamma = row[f"gamma_{name}"]  # -1 where unknown, else counted from the last level upwards
        if gamma >= 0:
            likeness[name] = levels[len(levels) - 1 - gamma]["level"]
    return Scored(row["unique_id_l"], row["unique_id_r"], row["match_probability"], likeness)


def _settings(model: Model) -> dict[str, Any]:
    return {
        "link_type": "dedupe_only",
        "probability_two_random_records_match": model.prior,
        "blocking_rules_to_generate_predictions": ["1 = 1"],
        "retain_intermediate_calculation_columns": False,
        "retain_matching_columns": True,
        "comparisons": [_comparison(name, levels) for name, levels in model.comparisons.items()],
    }


def _comparison(name: str, levels: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    unknown = {
        "sql_condition": f'"{name}_l" is null or "{name}_r" is null',
        "label_for_charts": "unknown",
        "is_null_level": True,
    }
    return {
        "output_column_name": name,
        "comparison_levels": [unknown, *(_level(name, level) for level in levels)],
    }


def _level(name: str, level: Mapping[str, Any]) -> dict[str, Any]:
    condition = _CONDITIONS[level["level"]].format(f=name, at_least=level.get("at_least"))
    settings = {
        "sql_condition": condition,
        "label_for_charts": level["level"],
        "m_probability": level["m"],
        "u_probability": level["u"],
    }
    if level.get("by_frequency"):
        settings |= {"tf_adjustment_column": name, "tf_adjustment_weight": 1.0}
    return settings
