from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.contracts import Accepted, Column, Contract, Refused, Resource
from ingestion.entities import ENTITIES, staging_columns
from ingestion.entity_types import Entity
from ingestion.files import entity_resource
from ingestion.sources import ALL, contracts
from ingestion.values import Json
from tests.ingestion.test_values import JSON

THING = Contract(
    "smartlead",
    Resource(
        "things",
        ("id",),
        (
            Column("id", required=True),
            Column("email", "email", paths=("lead.email", "email")),
            Column("lead", "lead", paths=("lead.email",)),
            Column("size", "integer", paths=("lead.size",)),
            Column("mood", values=("good", "bad")),
            Column("campaign_id", paths=("$campaign_id",)),
        ),
        ignored=("elsewhere",),
    ),
)


def accepted(record: dict[str, Any], **context: Json) -> dict[str, Any]:
    row = THING.accept("acct", record, {f"${name}": value for name, value in context.items()})
    assert isinstance(row, Accepted)
    return dict(zip(THING.names, row.values, strict=False))


def refused(record: Json) -> Refused:
    row = THING.accept("acct", record)
    assert isinstance(row, Refused)
    return row


def test_named_fields_land_typed_and_the_rest_as_attributes() -> None:
    record = {
        "id": 7,
        "lead": {"email": "Jane+x@Example.com", "size": "12", "shoe": 38, "none": None},
        "mood": "GOOD",
        "elsewhere": {"big": 1},
        "new": [1],
    }
    row = accepted(record, campaign_id=5)
    assert row.pop("row_hash")
    assert row == {
        "account": "acct",
        "id": "7",
        "email": "Jane+x@Example.com",
        "email_key": "jane@example.com",
        "lead": "Jane+x@Example.com",
        "lead_key": "email:jane@example.com",
        "size": 12,
        "mood": "good",
        "campaign_id": "5",
        "attributes": '{"lead":{"shoe":38},"new":[1]}',
        "row_key": "acct|7",
    }


def test_apollos_placeholder_is_no_address() -> None:
    row = accepted({"id": 1, "email": "email_not_unlocked@domain.com"})
    assert (row["email"], row["email_key"]) == (None, None)


def test_the_hash_tells_content_from_order_and_nulls() -> None:
    one = accepted({"id": 1, "mood": "good", "x": 1, "y": 2})["row_hash"]
    assert accepted({"y": 2, "x": 1, "mood": "good", "id": "1", "z": None})["row_hash"] == one
    assert accepted({"id": 1, "mood": "bad", "x": 1, "y": 2})["row_hash"] != one
    assert accepted({"id": 1, "mood": "good", "x": 1, "y": 3})["row_hash"] != one


def test_keys_with_the_separator_in_them_stay_apart() -> None:
    pair = Contract("files", Resource("pairs", ("a", "b"), (Column("a"), Column("b"))))
    rows = [pair.accept("x", {"a": "1|2", "b": "3"}), pair.accept("x", {"a": "1", "b": "2|3"})]
    assert len({row.row_key for row in rows if isinstance(row, Accepted)}) == 2


@pytest.mark.parametrize(
    ("record", "place", "reason"),
    [
        ({"mood": "good"}, "id", "id: is missing"),
        ({"id": 1, "lead": {"size": "big"}}, "size", "size: expected a whole number, got str 'big'"),
        ({"id": 1, "mood": "so so"}, "mood", "mood: 'so so' is none of good, bad"),
        ({"id": {"a": 1}}, "id", "id: expected text, got dict \"{'a': 1}\""),
        (["id"], "", "expected an object, got list"),
        (None, "", "expected an object, got NoneType"),
    ],
    ids=["missing", "type", "value", "nested", "list", "null"],
)
def test_a_record_that_breaks_the_contract_is_kept_untouched_with_its_reason(
    record: Json, place: str, reason: str
) -> None:
    row = refused(record)
    assert (row.place, row.reason, json.loads(row.payload)) == (place, reason, record)


def test_a_refused_record_is_named_by_its_key_where_it_has_one() -> None:
    assert refused({"id": 9, "mood": "so so"}).record_key == "9"
    assert refused({"mood": "so so"}).record_key.startswith("content:")


@pytest.mark.parametrize("source", ALL)
@given(record=JSON, known=st.data())
@settings(max_examples=30, deadline=None, derandomize=True)
def test_any_record_becomes_an_arrow_row_or_is_refused(
    source: str, record: Json, known: st.DataObject
) -> None:
    contract = known.draw(st.sampled_from(list(contracts(source).values())))
    names = [column.name for column in contract.resource.columns]
    whole = {name: known.draw(JSON) for name in known.draw(st.lists(st.sampled_from(names), max_size=6))}
    for candidate in (record, whole):
        row = contract.accept("acct", candidate, {"$campaign_id": "1"})
        if isinstance(row, Accepted):
            schema = contract.schema()
            for value, field in zip(row.values, schema, strict=False):
                pa.array([value], type=field.type)
        else:
            assert row.reason
            json.loads(row.payload)


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_the_raw_tables_of_files_hold_what_staging_shows(entity: Entity) -> None:
    names = set(Contract("files", entity_resource(entity)).names)
    assert set(staging_columns(entity)) - {"source", "first_loaded_at", "load_id"} <= names
