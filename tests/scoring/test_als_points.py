"""The points' YAML: defaults as documented, overrides per client, errors that name line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoring.als_columns import SENIORITIES, TITLE_GROUPS
from scoring.als_points import COMPONENTS, PointsError, load_points
from scoring.lexicons import read_lexicon


def write(folder: Path, text: str) -> Path:
    path = folder / "als.yml"
    path.write_text(text)
    return path


def test_default_maxima_make_the_score_a_plain_sum() -> None:
    default = load_points().default
    maxima = {component: default.component_maximum(component) for component in COMPONENTS}
    assert maxima == {"data_quality": 20, "authority": 25, "company_fit": 25, "timing": 15, "risk": 15}
    factors, divisor = default.factors()
    assert set(factors.values()) == {divisor}


def test_titles_give_the_points_of_the_title_vocabulary() -> None:
    groups = read_lexicon("titles").document["groups"]
    points = load_points().default.points
    assert {name: points["title"][name] for name in groups} == {
        name: body["points"] for name, body in groups.items()
    }
    assert set(points["title"]) == {*groups, "other", "none"} == set(TITLE_GROUPS)
    assert set(points["seniority"]) == set(SENIORITIES)


@pytest.mark.parametrize(
    ("score", "tier"),
    [
        (100, "hot"),
        (85, "hot"),
        (84, "warm"),
        (60, "warm"),
        (59, "cool"),
        (35, "cool"),
        (34, "cold"),
        (20, "cold"),
        (19, "dead"),
        (0, "dead"),
    ],
)
def test_tier_bounds_are_inclusive_below(score: int, tier: str) -> None:
    assert load_points().default.tier(score) == tier


def test_a_client_inherits_the_file_and_the_file_the_defaults(tmp_path: Path) -> None:
    text = """
tiers: {hot: 90}
clients:
  acme:
    points: {email: {verified: 7}}
    channels: {hot: [email]}
"""
    points = load_points(write(tmp_path, text))
    assert (points.default.tiers["hot"], points.default.points["email"]["verified"]) == (90, 8)
    assert (points.of("acme").tiers["hot"], points.of("acme").points["email"]["verified"]) == (90, 7)
    assert points.of("acme").channels["hot"] == ("email",)
    assert points.of("beta") is points.default
    assert points.of("acme").version() != points.default.version()


def test_a_source_table_may_be_added(tmp_path: Path) -> None:
    points = load_points(write(tmp_path, "sources: {phone: {dialer.people: verified}}\n"))
    assert points.sources["phone"]["dialer.people"] == "verified"
    assert points.sources["phone"]["files.people"] == "verified"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tiers:\n  warmish: 60\n", ":2: tiers.warmish: unknown key; known are hot, warm, cool, cold"),
        (
            "points:\n  email:\n    verified: lots\n",
            ":3: points.email.verified: expected a whole number, not 'lots'",
        ),
        ("points: [8]\n", ":1: points: expected keys and values"),
        (
            "clients:\n  acme:\n    points: {phone: {verified: 1.5}}\n",
            ":3: clients.acme.points.phone.verified: expected a whole number, not '1.5'",
        ),
        ("weights: {risk: high}\n", ":1: weights.risk: expected a number such as 0.25, not 'high'"),
        ("weights: {risk: 0.20}\n", ":1: weights: they sum to 1.05, not 1"),
        (
            "weights: {risk: 0.04, timing: 0.26}\n",
            ":1: weights.risk: 0.04 is outside 0.05–0.50",
        ),
        ("weights: {risk: 0.15001}\n", ":1: weights.risk: 0.15001 has over four decimals"),
        ("tiers: {hot: 60}\n", ":1: tiers: bounds must fall from hot to cold, within 1–100"),
        ("points:\n  email:\n    verified: -1\n", ":3: points.email.verified: -1 is outside 0–100"),
        ("points: {risk: {competitor: 5}}\n", ":1: points.risk.competitor: 5 is outside -100–0"),
        ("limits: {role: {new_months: 0}}\n", ":1: limits.role.new_months: 0 must be above 0"),
        (
            "clients: {acme: {tiers: {hot: 10}}}\n",
            ":1: clients.acme.tiers: bounds must fall from hot to cold, within 1–100",
        ),
        ("points: {risk: {start: 0}}\n", ":1: points: risk can give nothing; raise one of risk"),
        ("clients: {acme: {sources: {}}}\n", ":1: clients.acme.sources: unknown key"),
        ("a: [\n", ":2: not YAML"),
        ("- 1\n", ":1: expected keys such as weights, points, clients"),
        ("channels: {hot: email}\n", ":1: channels.hot: expected a list"),
        (
            "sources: {phone: {files.people: loud}}\n",
            ":1: sources.phone.files.people: 'loud' is no option of phone (verified, present)",
        ),
    ],
)
def test_an_error_names_line_and_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PointsError) as error:
        load_points(write(tmp_path, text))
    assert message in str(error.value)


def test_a_missing_file_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(PointsError, match=r"als.yml is missing; correct `als:` in winnow.yml"):
        load_points(tmp_path / "als.yml")


def test_every_problem_of_a_file_is_listed_at_once(tmp_path: Path) -> None:
    text = "tiers: {warmish: 1}\npoints: {email: {verified: x}}\n"
    with pytest.raises(PointsError) as error:
        load_points(write(tmp_path, text))
    assert len(str(error.value).splitlines()) == 2


def test_factors_share_out_exactly_a_hundred(tmp_path: Path) -> None:
    text = "weights: {data_quality: 0.3333, authority: 0.1667, company_fit: 0.2, timing: 0.2, risk: 0.1}\n"
    default = load_points(write(tmp_path, text)).default
    factors, divisor = default.factors()
    full = sum(default.component_maximum(name) * factors[name] for name in COMPONENTS)
    assert full == 100 * divisor
