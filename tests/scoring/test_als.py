"""ALS: scores worked out by hand, on both engines, and its arithmetic against exact fractions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from scoring.als import SCORES, reachable, score_all, waterfall
from scoring.als_columns import SIGNALS
from scoring.als_points import PointsError
from scoring.als_words import country_match
from tests.scoring.als_world import RUN_AT, build, company_id, config, lead_id
from warehouse import Connection, Warehouse

Lead = dict[str, Any]

EMAIL: Lead = {"email": "a@b.com", "email_key": "a@b.com"}
FULL_CONTACT: Lead = {
    **EMAIL,
    "email_status": "verified",
    "phone": "+1 555 0100",
    "phone_status": "verified",
    "linkedin_url": "https://linkedin.com/in/a",
    "personal_email": "a@home.com",
}
FULL_FIT: Lead = {"industry": "Software", "employee_count": 50, "company_country": "United States"}
NEW: Lead = {
    "current_role_started_on": date(2026, 1, 1),
    "is_hiring": True,
    "latest_funding_on": date(2026, 1, 10),
}
SETTLED: Lead = {
    "current_role_started_on": date(2020, 1, 1),
    "is_hiring": False,
    "latest_funding_on": date(2020, 1, 1),
}
VERIFIED: Lead = {**EMAIL, "email_status": "verified"}

# name: (lead, (data quality, authority, company fit, timing, risk), boosts, score, tier)
BY_HAND: dict[str, tuple[Lead, tuple[int, int, int, int, int], int, int, str]] = {
    "perfect CEO: 20 + 25 + 25 + 15 + 15": (
        {**FULL_CONTACT, "title": "CEO", **FULL_FIT, **NEW},
        (20, 25, 25, 15, 15),
        0,
        100,
        "hot",
    ),
    "CEO long in the role, no phone, no private address, hiring and funding unknown: 12 + 25 + 25 + 0 + 15": (
        {
            **VERIFIED,
            "linkedin_url": "x",
            "title": "CEO",
            **FULL_FIT,
            "current_role_started_on": date(2019, 5, 1),
        },
        (12, 25, 25, 0, 15),
        0,
        77,
        "warm",
    ),
    "85 is hot: 20 + 25 + 25 + 0 + 15": (
        {**FULL_CONTACT, "title": "Founder", **FULL_FIT, **SETTLED},
        (20, 25, 25, 0, 15),
        0,
        85,
        "hot",
    ),
    "84 is warm: 20 + 22 + 25 + 2 (funded 23 months ago) + 15": (
        {**FULL_CONTACT, "title": "CFO", **FULL_FIT, "latest_funding_on": date(2024, 7, 15)},
        (20, 22, 25, 2, 15),
        0,
        84,
        "warm",
    ),
    "60 is warm: 3+3 + 18 + 10+8 + 3 (11 months in the role) + 15": (
        {
            **EMAIL,
            "email_status": "guessed",
            "phone": "1",
            "title": "VP Sales",
            "industry": "Information Technology &  Services",
            "employee_count": 200,
            "company_country": "Japan",
            "current_role_started_on": date(2025, 7, 15),
        },
        (6, 18, 18, 3, 15),
        0,
        60,
        "warm",
    ),
    "59 is cool: 2+3 + 18 + 10+8 + 3 + 15": (
        {
            **EMAIL,
            "email_status": "unknown",
            "phone": "1",
            "title": "VP Sales",
            "industry": "software",
            "employee_count": 11,
            "current_role_started_on": date(2025, 7, 15),
        },
        (5, 18, 18, 3, 15),
        0,
        59,
        "cool",
    ),
    "35 is cool: 2 (no status) + 5 + 5+4 (above, Austria speaks German) + 4 + 15": (
        {
            **EMAIL,
            "title": "Engineer",
            "employee_count": 201,
            "company_country": "Österreich",
            "latest_funding_on": date(2025, 6, 16),
        },
        (2, 5, 9, 4, 15),
        0,
        35,
        "cool",
    ),
    "34 is cold: 2 + 5 + 3+4 (below, lead's own country counts where the company's is unknown) + 5 + 15": (
        {**EMAIL, "title": "Engineer", "employee_count": 10, "country": "UK", "is_hiring": True},
        (2, 5, 7, 5, 15),
        0,
        34,
        "cold",
    ),
    "20 is cold: 5 (catch-all) + 0 + 0 + 0 + 15": (
        {**EMAIL, "email_status": "catch_all"},
        (5, 0, 0, 0, 15),
        0,
        20,
        "cold",
    ),
    "19 is dead: 2+2 + 0 + 0 + 0 + 15": (
        {**EMAIL, "email_status": "unknown", "personal_email": "a@home.com"},
        (4, 0, 0, 0, 15),
        0,
        19,
        "dead",
    ),
    "hard bounce: 0 (invalid) + 15 + 0 + 0 + 15−10": (
        {**EMAIL, "email_status": "invalid", "title": "Director", "is_bounced": True, "bounce_type": "hard"},
        (0, 15, 0, 0, 5),
        0,
        20,
        "cold",
    ),
    "a bounce of unknown type counts as hard: 8 + 10 + 15−10": (
        {**VERIFIED, "title": "Senior Manager", "is_bounced": True},
        (8, 10, 0, 0, 5),
        0,
        23,
        "cold",
    ),
    "a soft bounce costs nothing: 8 + 7 + 15": (
        {**VERIFIED, "title": "Manager", "is_bounced": True, "bounce_type": "soft"},
        (8, 7, 0, 0, 15),
        0,
        30,
        "cold",
    ),
    "bounced and unsubscribed never below zero: 8 + 22 + 0": (
        {
            **VERIFIED,
            "title": "President",
            "is_bounced": True,
            "bounce_type": "hard",
            "is_unsubscribed": True,
        },
        (8, 22, 0, 0, 0),
        0,
        30,
        "cold",
    ),
    "competitor by company: 8 + 25 + 0": (
        {**VERIFIED, "title": "CEO", "company_domain": "rival.com"},
        (8, 25, 0, 0, 0),
        0,
        33,
        "cold",
    ),
    "competitor by address: 8 + 25 + 0": (
        {"email": "a@rival.com", "email_key": "a@rival.com", "email_status": "verified", "title": "CEO"},
        (8, 25, 0, 0, 0),
        0,
        33,
        "cold",
    ),
    "assistant: 8 + 5 + 15−5": (
        {**VERIFIED, "title": "Executive Assistant", "seniority": "c_suite"},
        (8, 5, 0, 0, 10),
        0,
        23,
        "cold",
    ),
    "a title that says nothing leaves it to the seniority: 8 + 15 + 15": (
        {**VERIFIED, "title": "Engineer", "seniority": "Director"},
        (8, 15, 0, 0, 15),
        0,
        38,
        "cool",
    ),
    "no title, seniority C-Suite: 8 + 22 + 15": (
        {**VERIFIED, "seniority": "C-Suite"},
        (8, 22, 0, 0, 15),
        0,
        45,
        "cool",
    ),
    "a title that says something wins over the seniority: 8 + 5 + 15": (
        {**VERIFIED, "title": "Product Owner", "seniority": "owner"},
        (8, 5, 0, 0, 15),
        0,
        28,
        "cold",
    ),
    "a seniority without points leaves it to the title: 8 + 5 + 15": (
        {**VERIFIED, "title": "Engineer", "seniority": "unranked"},
        (8, 5, 0, 0, 15),
        0,
        28,
        "cold",
    ),
    "employees at four times the maximum: 8 + 5 + 15": (
        {**VERIFIED, "employee_count": 800},
        (8, 0, 5, 0, 15),
        0,
        28,
        "cold",
    ),
    "employees beyond it: 8 + 0 + 15": (
        {**VERIFIED, "employee_count": 801},
        (8, 0, 0, 0, 15),
        0,
        23,
        "cold",
    ),
    "six months to the day is no longer new: 8 + 3 + 15": (
        {**VERIFIED, "current_role_started_on": date(2025, 12, 15)},
        (8, 0, 0, 3, 15),
        0,
        26,
        "cold",
    ),
    "a day less is: 8 + 6 + 15": (
        {**VERIFIED, "current_role_started_on": date(2025, 12, 16)},
        (8, 0, 0, 6, 15),
        0,
        29,
        "cold",
    ),
    "twelve months in the role, funded 24 months ago: 8 + 0 + 15": (
        {**VERIFIED, "current_role_started_on": date(2025, 6, 15), "latest_funding_on": date(2024, 6, 15)},
        (8, 0, 0, 0, 15),
        0,
        23,
        "cold",
    ),
    "customer of two purchases, two services, 5,000: 8 + 15 + ⌊(70+10+10) × 0.15⌋ = 13": (
        {**VERIFIED, "company_domain": "buyer.com"},
        (8, 0, 0, 0, 15),
        13,
        36,
        "cool",
    ),
    "three won deals of 4,999.99 on average: 8 + 15 + ⌊80 × 0.15⌋ = 12": (
        {**VERIFIED, "company_domain": "won.com"},
        (8, 0, 0, 0, 15),
        12,
        35,
        "cool",
    ),
    "LinkedIn: own posts 3, thirty days ago 1, 500 connections 2, company posts 2, 1,000 followers 2": (
        {
            **VERIFIED,
            "company_id": company_id(1),
            "attributes": '{"linkedin_posts": 4, "linkedin_last_post_on": "2026-05-16", '
            '"linkedin_connections": "500+"}',
        },
        (8, 0, 0, 0, 15),
        10,
        33,
        "cold",
    ),
    "LinkedIn just below: posted 31 days ago, 499 connections, columns that are no numbers": (
        {
            **VERIFIED,
            "company_id": company_id(2),
            "attributes": '{"linkedin_posts": "1.0", "linkedin_last_post_on": "2026-05-15T23:59:59Z", '
            '"linkedin_connections": 499}',
        },
        (8, 0, 0, 0, 15),
        3,
        26,
        "cold",
    ),
    "the cap: 100 + 13 stays 100": (
        {**FULL_CONTACT, "title": "CEO", **FULL_FIT, **NEW, "company_domain": "buyer.com"},
        (20, 25, 25, 15, 15),
        13,
        100,
        "hot",
    ),
}
COMPANIES = [
    (1, "a.com", '{"linkedin_posts": 9, "linkedin_followers": "1,000"}'),
    (2, "b.com", '{"linkedin_posts": "many", "linkedin_followers": 999}'),
    (3, "won.com", None),
]
DEALS = [
    (3, None, "closed_won", Decimal("4999.99"), "EUR", None),
    (3, None, "closed_won", Decimal("4999.98"), "EUR", None),
    (None, 27, "closed_won", Decimal("5000.00"), "EUR", None),
    (3, None, "closed_won", Decimal("900000.00"), "EUR", RUN_AT),
    (3, None, "closed_lost", Decimal("900000.00"), "EUR", None),
]


def scores(connection: Connection) -> list[dict[str, Any]]:
    """Return the scores in the order of the leads' numbers."""
    return connection.rows(f"select * from {SCORES} order by lead_id")


def test_scores_worked_out_by_hand(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        leads = [lead for lead, *_ in BY_HAND.values()]
        build(connection, leads, [("buyer.com", 2, 2, Decimal("5000.00"))], DEALS, COMPANIES)
        counts = score_all(connection, config(), RUN_AT)
        rows = scores(connection)
    names = ("data_quality", "authority", "company_fit", "timing", "risk")
    found = {
        name: (tuple(row[key] for key in names), row["boosts"], row["score"], row["tier"])
        for name, row in zip(BY_HAND, rows, strict=True)
    }
    assert found == {name: tuple(expected) for name, (_, *expected) in BY_HAND.items()}
    assert counts.scored == counts.changed == len(BY_HAND)
    for row in rows:
        assert sum(points for _, points in waterfall(row)) == row["score"]


def test_with_default_weights_the_waterfall_is_the_points_themselves(warehouse: Warehouse) -> None:
    lead = {
        **VERIFIED,
        "title": "Engineer",
        "seniority": "vp",
        "industry": "Software",
        "is_bounced": True,
        "is_unsubscribed": True,
    }
    with warehouse.connect() as connection:
        build(connection, [lead])
        score_all(connection, config(), RUN_AT)
        (row,) = scores(connection)
    assert waterfall(row) == [
        ("email", 8),
        ("provider's seniority", 18),
        ("industry in the ICP", 10),
        ("no known risk", 15),
        ("hard bounce", -10),
        ("unsubscribed", -15),
        ("rounding and cap", 10),
    ]


def test_unknown_is_not_zero(warehouse: Warehouse) -> None:
    leads = [
        {**FULL_CONTACT, "title": "CEO", **FULL_FIT, **SETTLED},
        {**VERIFIED, "linkedin_url": "x", "title": "CEO", **FULL_FIT, "is_hiring": False},
        {"company_country": "Japan", "employee_count": 5_000, "industry": "Farming"},
        {},
    ]
    with warehouse.connect() as connection:
        build(connection, leads)
        score_all(connection, config(), RUN_AT)
        found = [row["als_coverage"] for row in scores(connection)]
        connection.execute("delete from ops.client_icps")
        score_all(connection, config(), RUN_AT)
        without_icp = [row["als_coverage"] for row in scores(connection)]
    # 8 + 4 contact, 25 title, 25 fit, 5 hiring, 15 risk; then fit and risk; then risk alone
    assert found == [Decimal("1.000"), Decimal("0.820"), Decimal("0.400"), Decimal("0.150")]
    assert without_icp == [Decimal("0.750"), Decimal("0.570"), Decimal("0.150"), Decimal("0.150")]


def test_next_change_is_the_first_bound_that_time_will_cross(warehouse: Warehouse) -> None:
    leads: list[Lead] = [
        {"current_role_started_on": date(2025, 8, 31), "latest_funding_on": date(2024, 9, 1)},
        {"current_role_started_on": date(2025, 12, 31)},
        {"latest_funding_on": date(2020, 1, 1)},
        {"attributes": '{"linkedin_last_post_on": "2026-06-01"}'},
    ]
    with warehouse.connect() as connection:
        build(connection, leads)
        score_all(connection, config(), RUN_AT)
        found = [row["next_change_at"] for row in scores(connection)]
        score_all(connection, config(), found[1] - timedelta(seconds=1))
        before = scores(connection)[1]["role_points"]
        score_all(connection, config(), found[1])
        after = scores(connection)[1]["role_points"]
    assert found == [
        datetime(2026, 8, 31, tzinfo=UTC),
        datetime(2026, 6, 30, tzinfo=UTC),  # six months after 31 December
        None,
        datetime(2026, 7, 2, tzinfo=UTC),
    ]
    assert (before, after) == (6, 3)


def test_only_pairs_whose_score_changed_are_written_again(warehouse: Warehouse) -> None:
    later = RUN_AT + timedelta(days=1)
    with warehouse.connect() as connection:
        build(connection, [VERIFIED, {**VERIFIED, "title": "CEO"}, VERIFIED])
        score_all(connection, config(), RUN_AT)
        connection.execute("delete from facts.lead_clients where lead_id = cast(? as uuid)", [lead_id(2)])
        connection.execute("update facts.lead_pool set title = 'CFO' where title = 'CEO'")
        counts = score_all(connection, config(), later)
        rows = scores(connection)
    assert (counts.scored, counts.changed, counts.removed) == (2, 1, 1)
    assert [(row["score"], row["scored_at"]) for row in rows] == [(23, RUN_AT), (45, later)]


def test_a_weights_version_is_never_overwritten(warehouse: Warehouse, tmp_path: Path) -> None:
    own = tmp_path / "als.yml"
    own.write_text("clients: {acme: {points: {email: {verified: 4, catch_all: 3}}}}\n")
    with warehouse.connect() as connection:
        build(connection, [VERIFIED])
        score_all(connection, config(), RUN_AT)
        score_all(connection, config(own), RUN_AT)
        score_all(connection, config(own), RUN_AT)
        versions = connection.rows(
            "select weights_version, email_verified, is_current from scoring.als_points order by 2"
        )
        (row,) = scores(connection)
    assert [(version["email_verified"], version["is_current"]) for version in versions] == [
        (4, True),
        (8, False),
    ]
    assert row["weights_version"] == versions[0]["weights_version"]


def test_points_of_a_client_that_nobody_knows_are_an_error(warehouse: Warehouse, tmp_path: Path) -> None:
    own = tmp_path / "als.yml"
    own.write_text("clients: {acne: {points: {email: {verified: 4}}}}\n")
    with warehouse.connect() as connection:
        build(connection, [VERIFIED])
        with pytest.raises(PointsError, match=r"clients\.acne: no such client"):
            score_all(connection, config(own), RUN_AT)
        assert not connection.table_exists(SCORES)


def test_weighted_score_worked_out_by_hand(warehouse: Warehouse, tmp_path: Path) -> None:
    own = tmp_path / "als.yml"
    own.write_text(
        "weights: {data_quality: 0.10, authority: 0.45, company_fit: 0.20, timing: 0.05, risk: 0.20}\n"
    )
    lead = {
        **VERIFIED,
        "title": "VP Sales",
        "industry": "Software",
        "current_role_started_on": date(2026, 3, 1),
    }
    with warehouse.connect() as connection:
        build(connection, [lead])
        score_all(connection, config(own), RUN_AT)
        (row,) = scores(connection)
    # 8/20 × 10 = 4 · 18/25 × 45 = 32.4 · 10/25 × 20 = 8 · 6/15 × 5 = 2 · 15/15 × 20 = 20 · together 66.4
    assert row["score"] == 66
    assert [points for _, points in waterfall(row)] == [4, 32, 8, 2, 20]


def test_two_fractions_that_make_a_whole_are_not_lost(warehouse: Warehouse, tmp_path: Path) -> None:
    own = tmp_path / "als.yml"
    own.write_text(
        "weights: {data_quality: 0.15, authority: 0.25, company_fit: 0.25, timing: 0.15, risk: 0.20}\n"
    )
    with warehouse.connect() as connection:
        build(connection, [{**EMAIL, "personal_email": "x", "linkedin_url": "x"}])
        score_all(connection, config(own), RUN_AT)
        (row,) = scores(connection)
    # 2/20 × 15 = 1.5 · 4/20 × 15 = 3 · 2/20 × 15 = 1.5 · risk 20 · together 26
    assert row["score"] == 26
    assert waterfall(row) == [
        ("email", 1),
        ("LinkedIn profile", 3),
        ("personal email", 1),
        ("no known risk", 20),
        ("rounding and cap", 1),
    ]


@pytest.mark.parametrize(
    ("country", "wanted", "match"),
    [
        ("USA", ["united states"], "in_icp"),
        ("Deutschland", ["germany"], "in_icp"),
        ("Switzerland", ["france"], "same_language"),
        ("Switzerland", ["spain"], None),
        ("Atlantis", ["atlantis"], "in_icp"),
        ("Atlantis", ["lemuria"], None),
        ("Norway", ["NO"], "in_icp"),
    ],
)
def test_country_against_the_icp(country: str, wanted: list[str], match: str | None) -> None:
    assert country_match(country, wanted) == match


def test_reach_names_what_holds_a_client_down() -> None:
    (reach,) = reachable(config(), ["apollo", "smartlead"])
    # no verified phone 3, no hiring 5, no private address 2
    assert (reach.highest, reach.tier) == (90, "hot")
    assert [(missing.signal, missing.lost) for missing in reach.missing] == [
        ("hiring", 5),
        ("phone", 3),
        ("personal_email", 2),
    ]
    assert reach.missing[0].fill == ("apollo.job_postings", "files.companies")


def test_sources_that_only_know_names_keep_hot_out_of_reach() -> None:
    (reach,) = reachable(config(), ["apollo.people", "hubspot.companies"])
    lost = {missing.signal: missing.lost for missing in reach.missing}
    assert lost == {"phone": 6, "personal_email": 2, "hiring": 5, "funding": 4}
    (reach,) = reachable(config(), ["smartlead", "hubspot.companies"])
    assert (reach.highest, reach.tier) == (74, "warm")


def test_an_icp_that_says_nothing_is_what_is_missing() -> None:
    bare = config()
    client = bare.clients[0]
    icp = client.icp.model_copy(update={"employees": None}) if client.icp else None
    bare = bare.model_copy(update={"clients": (client.model_copy(update={"icp": icp}),)})
    (reach,) = reachable(bare, ["files", "apollo.phones"])
    assert reach.highest == 92
    assert [(missing.signal, missing.fill) for missing in reach.missing] == [
        ("employees", ("clients.acme.icp.employees",))
    ]


def test_every_signal_has_a_column_and_a_label() -> None:
    labels = [label for _, label in SIGNALS.values()]
    assert len(set(labels)) == len(labels)
    assert all(name.endswith("_points") for name in SIGNALS)
