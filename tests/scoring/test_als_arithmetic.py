"""The statement of the score against a plain reference in exact fractions, for random weights and leads."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.als import SCORES, score_all, waterfall
from scoring.als_points import COMPONENTS, ClientPoints, load_points
from scoring.als_words import folded
from tests.scoring.als_world import RUN_AT, TITLES, build, config
from warehouse import Warehouse

Lead = dict[str, Any]
TODAY = RUN_AT.date()
MONTH_STARTS = st.integers(0, 30).map(lambda n: date(2024 + (n // 12), n % 12 + 1, 15))


@st.composite
def weights(draw: st.DrawFn) -> dict[str, str]:
    """Five weights of 0.05–0.50 with four decimals that sum to 1."""
    left, drawn = 10_000, []
    for others in (4, 3, 2, 1):
        lowest, highest = max(500, left - 5_000 * others), min(5_000, left - 500 * others)
        drawn.append(draw(st.integers(lowest, highest)))
        left -= drawn[-1]
    numbers = [*drawn, left]
    return {name: f"{Decimal(n) / 10_000:.4f}" for name, n in zip(COMPONENTS, numbers, strict=True)}


POINTS = st.fixed_dictionaries(
    {},
    optional={
        "email": st.fixed_dictionaries({"verified": st.integers(0, 30), "guessed": st.integers(0, 30)}),
        "title": st.fixed_dictionaries({"chief_executive": st.integers(1, 40), "other": st.integers(0, 9)}),
        "role": st.fixed_dictionaries({"new": st.integers(1, 13)}),
        "risk": st.fixed_dictionaries({"start": st.integers(1, 30), "hard_bounce": st.integers(-40, 0)}),
    },
)
LEADS = st.fixed_dictionaries(
    {},
    optional={
        "email": st.just("a@b.com"),
        "email_status": st.sampled_from(["verified", "catch_all", "guessed", "unknown", "invalid", None]),
        "phone": st.just("1"),
        "phone_status": st.sampled_from(["verified", "valid", None]),
        "linkedin_url": st.just("x"),
        "personal_email": st.just("x"),
        "title": st.sampled_from([row[0] for row in TITLES]),
        "seniority": st.sampled_from(["c_suite", "vp", "entry", "wizard"]),
        "industry": st.sampled_from(["Software", "Farming"]),
        "employee_count": st.sampled_from([1, 10, 11, 200, 201, 800, 801]),
        "company_country": st.sampled_from(["US", "Austria", "Japan"]),
        "current_role_started_on": MONTH_STARTS,
        "is_hiring": st.booleans(),
        "latest_funding_on": MONTH_STARTS,
        "is_bounced": st.booleans(),
        "bounce_type": st.sampled_from(["hard", "soft", "unknown"]),
        "is_unsubscribed": st.booleans(),
        "company_domain": st.sampled_from(["rival.com", "buyer.com", "other.com"]),
    },
)


def months_later(day: date, months: int) -> date:
    """Return the day `months` later; every day here is the 15th, which each month has."""
    index = day.month - 1 + months
    return date(day.year + index // 12, index % 12 + 1, day.day)


def fresh(day: date | None, points: ClientPoints, signal: str) -> int:
    limits, values = points.limits[signal], points.points[signal]
    for age in ("new", "recent"):
        if day and months_later(day, limits[f"{age}_months"]) > TODAY:
            return values[age]
    return 0


def authority(lead: Lead, values: dict[str, Any]) -> int:
    groups = {title: (group, says) for title, group, _, _, says in TITLES}
    group, says = groups.get(lead.get("title", ""), ("none", False))
    seniority = values["seniority"].get(lead.get("seniority"))
    return int(values["title"][group] if says or seniority is None else seniority)


def fit(lead: Lead, points: ClientPoints) -> int:
    values, count = points.points, lead.get("employee_count")
    size = 0
    if count is not None:
        bounds = (("below", count < 11), ("in_range", count <= 200), ("above", count <= 800))
        size = next((values["employees"][name] for name, holds in bounds if holds), 0)
    country = {"US": values["country"]["in_icp"], "Austria": values["country"]["same_language"]}
    industry = values["industry"]["in_icp"] if folded(lead.get("industry") or "") == "software" else 0
    return industry + size + country.get(lead.get("company_country") or "", 0)


def contact(lead: Lead, values: dict[str, Any]) -> int:
    email = values["email"][lead.get("email_status") or "unknown"] if "email" in lead else 0
    verified = lead.get("phone_status") == "verified"
    phone = values["phone"]["verified" if verified else "present"] if "phone" in lead else 0
    linkedin = values["linkedin"]["present"] if "linkedin_url" in lead else 0
    return int(
        email + phone + linkedin + (values["personal_email"]["present"] if "personal_email" in lead else 0)
    )


def risk(lead: Lead, values: dict[str, int]) -> int:
    bounced = lead.get("is_bounced") and lead.get("bounce_type") != "soft"
    happened = {
        "hard_bounce": bounced,
        "unsubscribed": lead.get("is_unsubscribed"),
        "competitor": lead.get("company_domain") == "rival.com",
        "unsuitable_title": lead.get("title") == "Executive Assistant",
    }
    return max(0, values["start"] + sum(values[name] for name, holds in happened.items() if holds))


def reference(lead: Lead, points: ClientPoints) -> int:
    """Return the score as the ALS page defines it, in exact fractions."""
    values: dict[str, Any] = dict(points.points)
    hiring = values["hiring"]["open_positions"] if lead.get("is_hiring") else 0
    timing = hiring + sum(
        fresh(lead.get(column), points, signal)
        for column, signal in (("current_role_started_on", "role"), ("latest_funding_on", "funding"))
    )
    gained = {
        "data_quality": contact(lead, values),
        "authority": authority(lead, values),
        "company_fit": fit(lead, points),
        "timing": timing,
        "risk": risk(lead, values["risk"]),
    }
    total = sum(
        Fraction(gained[name] * 100, points.component_maximum(name)) * Fraction(weight, 10_000)
        for name, weight in points.weights.items()
    )
    boost = 10 if lead.get("company_domain") == "buyer.com" else 0  # ⌊(60 + 10) × 0.15⌋
    return min(100, math.floor(total + boost))


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(own_weights=weights(), own_points=POINTS, leads=st.lists(LEADS, min_size=40, max_size=60))
def test_any_weights_and_inputs_score_as_exact_fractions_do(
    warehouse: Warehouse,
    tmp_path: Path,
    own_weights: dict[str, str],
    own_points: dict[str, Any],
    leads: list[Lead],
) -> None:
    own = tmp_path / "als.yml"
    own.write_text(yaml.safe_dump({"weights": own_weights, "points": own_points}).replace("'", ""))
    points = load_points(own).default
    with warehouse.connect() as connection:
        build(connection, leads, [("buyer.com", 1, 1, Decimal("5000.00"))])
        score_all(connection, config(own), RUN_AT)
        rows = connection.rows(f"select * from {SCORES} order by lead_id")
    assert [row["score"] for row in rows] == [reference(lead, points) for lead in leads]
    for row in rows:
        assert sum(step for _, step in waterfall(row)) == row["score"]
        assert row["tier"] == points.tier(row["score"])
        assert row["next_change_at"] is None or row["next_change_at"] > RUN_AT - timedelta(hours=2)
