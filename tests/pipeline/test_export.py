"""Exports: the columns and what they mean, one row each, and cells that no spreadsheet would run."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.export import cell, export_companies, export_contacts, export_leads
from pipeline.export_columns import COMPANY_COLUMNS, CONTACT_COLUMNS, LEAD_COLUMNS
from scoring.als_points import load_points
from tests.pipeline.published_world import World, uid
from warehouse import Connection, Warehouse

SEEN_AT = datetime(2026, 1, 5, 3, tzinfo=UTC)
ACME, LAKE, EMPTY = uid(21), uid(22), uid(23)
Export = Callable[..., int]


@pytest.fixture
def world() -> World:
    """Two clients; acme's leads work at Acme (two) and Lake Rentals (one), lumen's only at Acme."""
    world = World()
    client, other = world.client(1, "alpha"), world.client(2, "beta")
    world.add(
        "companies",
        company_id=ACME,
        name="Acme, Inc",
        domain="acme.test",
        website="https://acme.test",
        state="Ohio",
        industry="software",
        employee_count=40,
        country="US",
        description='Makes "things",\nand more',
        technologies=json.dumps(["Yardi", "HubSpot"]),
        discovery_source="apollo",
        first_loaded_at=SEEN_AT,
    )
    world.add(
        "companies",
        company_id=LAKE,
        name="Lake Rentals",
        domain="lake.test",
        industry="hospitality",
        technologies=json.dumps(["Guesty"]),
        attributes=json.dumps({"PMS": "Streamline", "units": 120, "company_type": "manager"}),
        first_loaded_at=SEEN_AT,
    )
    people = [
        (11, client, ACME, 25, {"score": 61, "tier": "warm", "pool_status": "assigned"}),
        (12, client, ACME, 22, {"score": 80, "tier": "warm", "pool_status": "bounced"}),
        (13, client, LAKE, 10, {"pool_status": "available"}),
        (14, other, ACME, 7, {"score": 40, "tier": "cool", "pool_status": "available"}),
    ]
    for number, owner, company, fit, values in people:
        email = f"p{number}@acme.test"
        world.add(
            "leads",
            client_id=owner,
            lead_id=uid(number),
            company_id=company,
            email=email,
            email_status="verified",
            first_contacted_at=SEEN_AT,
            touch_count=2,
            **values,
        )
        world.add(
            "lead_pool",
            lead_id=uid(number),
            company_id=company,
            first_name="Ann",
            last_name=f"O'Neil {number}",
            email=email,
            company_name="Acme, Inc",
            company_domain="acme.test",
            departments=json.dumps(["sales", "c_suite"]),
            seniority="vp",
            confidence=60 + number,
            first_seen_at=SEEN_AT,
        )
        world.add("als_scores", lead_id=uid(number), client_id=owner, company_fit=fit)
    fail(world, 12, "bounced_globally")
    return world


def fail(world: World, lead: int, code: str, *, about: str = "person", client: int = 1, **more: str) -> None:
    """Give a lead a reason not to be written to; more: its campaign."""
    world.add("send_eligibility", client_id=uid(client), lead_id=uid(lead), code=code, about=about, **more)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def exported(
    export: Export, world: World, warehouse: Warehouse, folder: Path, client: str = "alpha"
) -> list[dict[str, str]]:
    world.publish(warehouse, folder / "state")
    out = folder / "out.csv"
    with warehouse.published(folder / "state") as reader:
        count = export(reader, client, out)
    rows = read(out)
    assert len(rows) == count
    return rows


def test_companies_have_the_promised_columns_and_meanings(
    world: World, warehouse: Warehouse, tmp_path: Path
) -> None:
    acme, lake = exported(export_companies, world, warehouse, tmp_path)
    assert tuple(acme) == COMPANY_COLUMNS
    assert acme == {
        "company_name": "Acme, Inc",
        "domain": "acme.test",
        "website": "https://acme.test",
        "state": "Ohio",
        "pms_detected": "Yardi",
        "units_estimate": "",
        "company_type": "",
        "description": 'Makes "things",\nand more',
        "discovery_source": "apollo",
        "icp_fit": "100",
        "icp_tier": "hot",
        "icp_confidence": "1.00",
        "disqualifiers": "",
        "created_at": "2026-01-05T03:00:00Z",
    }
    assert lake["pms_detected"] == "Streamline", "what the attributes say wins over the technologies"
    assert (lake["units_estimate"], lake["company_type"]) == ("120", "manager")
    assert (lake["icp_fit"], lake["icp_tier"], lake["icp_confidence"]) == ("40", "cool", "0.33")
    assert lake["disqualifiers"] == ""


def test_a_company_is_ruled_out_when_all_its_leads_are(
    world: World, warehouse: Warehouse, tmp_path: Path
) -> None:
    """By what holds of them for this client, whatever the campaign, and does not end by itself."""
    fail(world, 11, "replied_angry")
    for lead in (11, 12):
        fail(world, lead, "suppressed_open_deal")
        fail(world, lead, "invalid_email", about="address")
        fail(world, lead, "out_of_office_until")
        fail(world, lead, "cooling_period")
        fail(world, lead, "not_assigned", about="assignment")
        fail(world, lead, "suppressed_other", campaign_id=uid(31))
    fail(world, 13, "suppressed_competitor", client=2)
    acme, lake = exported(export_companies, world, warehouse, tmp_path)
    assert acme["disqualifiers"] == "invalid_email; suppressed_open_deal"
    assert lake["disqualifiers"] == ""


def test_icp_tiers_follow_the_clients_own_bounds(world: World, warehouse: Warehouse, tmp_path: Path) -> None:
    points = replace(load_points().default, tiers={"hot": 100, "warm": 90, "cool": 50, "cold": 41})

    def export(reader: Connection, client: str, out: Path) -> int:
        return export_companies(reader, client, out, points=points)

    tiers = [row["icp_tier"] for row in exported(export, world, warehouse, tmp_path)]
    assert tiers == ["hot", "dead"]


def test_contacts_have_the_promised_columns_the_best_known_first(
    world: World, warehouse: Warehouse, tmp_path: Path
) -> None:
    world.rows["lead_pool"][0]["attributes"] = json.dumps({"personalization_notes": "Met in Ohio"})
    rows = exported(export_contacts, world, warehouse, tmp_path)
    assert [row["quality_score"] for row in rows] == ["73", "71"]
    assert tuple(rows[0]) == CONTACT_COLUMNS
    assert rows[1] == {
        "full_name": "Ann O'Neil 11",
        "title": "",
        "email": "p11@acme.test",
        "linkedin_url": "",
        "department": "sales; c_suite",
        "seniority": "vp",
        "quality_score": "71",
        "company_name": "Acme, Inc",
        "company_domain": "acme.test",
        "company_website": "https://acme.test",
        "company_state": "Ohio",
        "personalization_notes": "Met in Ohio",
        "created_at": "2026-01-05T03:00:00Z",
    }


def test_contacts_leave_out_who_must_be_left_alone(
    world: World, warehouse: Warehouse, tmp_path: Path
) -> None:
    """Not who merely has no owner yet, may not be written to by one campaign, or by another client."""
    fail(world, 11, "not_assigned", about="assignment")
    fail(world, 11, "suppressed_other", campaign_id=uid(31))
    fail(world, 11, "suppressed_open_deal", client=2)
    fail(world, 13, "out_of_office_until")
    assert [row["quality_score"] for row in exported(export_contacts, world, warehouse, tmp_path)] == ["71"]


def test_leads_are_one_clients_the_best_score_first_unscored_last(
    world: World, warehouse: Warehouse, tmp_path: Path
) -> None:
    fail(world, 12, "invalid_email", about="address")
    fail(world, 12, "suppressed_other", campaign_id=uid(31))
    rows = exported(export_leads, world, warehouse, tmp_path)
    assert tuple(rows[0]) == LEAD_COLUMNS
    assert [row["score"] for row in rows] == ["80", "61", ""]
    assert {row["lead_id"] for row in rows} == {uid(11), uid(12), uid(13)}
    assert [row["failing_codes"] for row in rows] == ["bounced_globally; invalid_email", "", ""]


def test_a_client_without_leads_gets_a_header(world: World, warehouse: Warehouse, tmp_path: Path) -> None:
    world.client(3, "gamma")
    assert exported(export_companies, world, warehouse, tmp_path, client="gamma") == []
    assert (tmp_path / "out.csv").read_bytes().startswith(b"company_name,domain,website,state,")


def test_an_unknown_client_is_named_with_the_known_ones(
    world: World, warehouse: Warehouse, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"client 'nobody' \(known: alpha, beta\)"):
        exported(export_leads, world, warehouse, tmp_path, client="nobody")


@pytest.mark.parametrize("engine", ["duckdb"], indirect=True)
def test_a_failed_export_leaves_the_old_file_and_no_draft(
    world: World, warehouse: Warehouse, tmp_path: Path
) -> None:
    world.publish(warehouse, tmp_path / "state")
    out = tmp_path / "files" / "out.csv"
    with warehouse.published(tmp_path / "state") as reader:
        with pytest.raises(UsageError, match="files does not exist; create it"):
            export_leads(reader, "alpha", out)
        out.parent.mkdir()
        out.write_text("old")
        with pytest.raises(UsageError, match="nothing is published of a client"):
            export_leads(reader, "nobody", out)
    assert [(path.name, path.read_text()) for path in out.parent.iterdir()] == [("out.csv", "old")]


@pytest.mark.parametrize("engine", ["duckdb"], indirect=True)
def test_files_are_rfc_4180(world: World, warehouse: Warehouse, tmp_path: Path) -> None:
    exported(export_companies, world, warehouse, tmp_path)
    data = (tmp_path / "out.csv").read_bytes()
    assert data.startswith(b"company_name,")
    assert data.endswith(b"\r\n")
    assert b'"Acme, Inc"' in data
    assert b'"Makes ""things"",\nand more"' in data
    assert data.count(b"\r\n") == 3


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\rx",
        "\nx",
        " =1",
        '"=1',
        "'=1",
        "' \" =1",
        "\u00a0=1",
        "\ufeff=1",
        "\x00=1",
        "＝1",
        "-",
        "+1 (555) 010",
        "1\n".join(["-", "2"]),
    ],
)
def test_cells_that_a_spreadsheet_would_run_get_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    ["-12", "+491701234567", "-0.5", "Acme", "a=b", "O'Neil", '"quoted"', "", " spaced", "x@y.test", "1-2"],
)
def test_plain_text_and_plain_numbers_stay_as_they_are(text: str) -> None:
    assert cell(text) == text


def test_values_are_written_the_same_everywhere() -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    values = [None, True, False, -3, Decimal("-1.50"), Decimal("1E+3"), date(2026, 3, 1), moment]
    assert [cell(value) for value in values] == [
        "",
        "true",
        "false",
        "-3",
        "-1.50",
        "1000",
        "2026-03-01",
        "2026-03-01T10:00:00Z",
    ]
