"""Reads what was learned: WHO's findings, what was tested, and the arms of the tests that ran."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.report.model import Arm, Experiment, Finding, Lacking, Learned, Tested
from pipeline.report.numbers import Rate

if TYPE_CHECKING:
    from warehouse import Connection

Row = dict[str, Any]

OUTCOMES = ("positive_reply", "meeting", "won_deal")
DEFAULT_METRIC = "positive_reply"
"""Decides a test for which winnow.yml names no metric."""

_FINDINGS = """
select clients.name as client, findings.*
from analytics.findings as findings
left join analytics.clients as clients on findings.client_id = clients.client_id
where findings.found_at <= ? and findings.valid_until > ?
order by findings.q nulls last, findings.finding_id
"""

_TESTED = """
select clients.name as client, tests.outcome, count(*) as segments, min(tests.q) as lowest_q
from analytics.tests as tests
left join analytics.clients as clients on tests.client_id = clients.client_id
group by clients.name, tests.client_id, tests.outcome
"""

_ARMS = """
select clients.name as client, campaigns.name as campaign, arms.*
from analytics.experiment_arms as arms
inner join analytics.clients as clients on arms.client_id = clients.client_id
inner join analytics.campaigns as campaigns on arms.campaign_id = campaigns.campaign_id
order by
    clients.name collate "C", campaigns.name collate "C", arms.campaign_id, arms.metric, arms.arm collate "C"
"""


def read_learned(reader: Connection, run_at: datetime) -> Learned:
    """Return the findings that hold at `run_at` and what stood behind them."""
    if not reader.table_exists("analytics.findings"):
        return Learned(False, (), (), ())
    rows = reader.rows(_FINDINGS, [run_at, run_at])
    found = [_finding(row, run_at) for row in rows if row["status"] == "found"]
    found.sort(key=lambda finding: not finding.is_actionable)
    lacking = [
        Lacking(_client(row), row["outcome"], row["claim"], int(row["conversions"]), int(row["n"]))
        for row in rows
        if row["status"] == "not_enough_data"
    ]
    tested = [
        Tested(_client(row), row["outcome"], int(row["segments"]), row["lowest_q"])
        for row in (reader.rows(_TESTED) if reader.table_exists("analytics.tests") else [])
    ]
    return Learned(
        did_run=True,
        findings=tuple(found),
        tested=tuple(sorted(tested, key=lambda item: (item.client, _rank(item.outcome)))),
        lacking=tuple(sorted(lacking, key=lambda item: (item.client, _rank(item.outcome)))),
    )


def _finding(row: Row, run_at: datetime) -> Finding:
    lift = row["crude_lift"] if row["adjusted_lift"] is None else row["adjusted_lift"]
    return Finding(
        client=_client(row),
        outcome=row["outcome"],
        dimension=row["dimension"],
        value=row["value"],
        claim=row["claim"],
        segment=Rate(int(row["conversions"]), int(row["n"]), row["rate_low"], row["rate_high"]),
        rest_conversions=int(row["rest_conversions"]),
        rest_n=int(row["rest_n"]),
        lift=lift,
        low=row["lift_low"],
        high=row["lift_high"],
        crude=row["crude_lift"],
        disagrees=bool(row["lifts_disagree"]),
        holds=row["holds_in_both_halves"],
        q=row["q"],
        is_actionable=bool(row["is_actionable"]),
        is_from_earlier=row["found_at"] < run_at,
    )


def _client(row: Row) -> str:
    return row["client"] or "no client"


def _rank(outcome: str) -> int:
    return OUTCOMES.index(outcome) if outcome in OUTCOMES else len(OUTCOMES)


def read_experiments(reader: Connection) -> tuple[Experiment, ...]:
    """Return every campaign and metric with its arms; of each campaign at least one metric is primary."""
    grouped: defaultdict[tuple[str, str], list[Arm]] = defaultdict(list)
    for row in reader.rows(_ARMS):
        grouped[str(row["campaign_id"]), row["metric"]].append(_arm(row))
    experiments = [_experiment(arms) for arms in grouped.values()]
    by_campaign: defaultdict[str, list[Experiment]] = defaultdict(list)
    for (campaign_id, _), experiment in zip(grouped, experiments, strict=True):
        by_campaign[campaign_id].append(experiment)
    return tuple(item for found in by_campaign.values() for item in with_primary(found))


def with_primary(experiments: list[Experiment]) -> list[Experiment]:
    """Return a campaign's metrics, the deciding ones first: as configured, else the usual one, else all."""
    if not any(item.is_primary for item in experiments):
        usual = [item.metric for item in experiments if item.metric == DEFAULT_METRIC]
        experiments = [replace(item, is_primary=not usual or item.metric in usual) for item in experiments]
    return sorted(experiments, key=lambda item: not item.is_primary)


def _experiment(arms: list[Arm]) -> Experiment:
    first = arms[0]
    return Experiment(
        client=first.client,
        campaign=first.campaign,
        experiment=next((arm.experiment for arm in arms if arm.experiment), None),
        metric=first.metric,
        is_primary=any(arm.is_primary for arm in arms),
        arms=tuple(arms),
        split_p=_split_p(arms),
    )


def _split_p(arms: Iterable[Arm]) -> float | None:
    """Return the chance of a split as uneven as this one; None unless every arm's share was configured."""
    from scoring.stats import sample_ratio

    sizes = {arm.name: arm.rate.n for arm in arms}
    shares = {arm.name: arm.planned for arm in arms if arm.planned is not None}
    return sample_ratio(sizes, shares).p if len(shares) == len(sizes) else None


def _arm(row: Row) -> Arm:
    low, high = row["rate_low"], row["rate_high"]
    rate = Rate(
        int(row["conversion_count"]),
        int(row["lead_count"]),
        None if low is None else float(low),
        None if high is None else float(high),
    )
    is_amount = row["value_sum"] is not None and row["value_sum"] != row["conversion_count"]
    return Arm(
        client=row["client"],
        campaign=row["campaign"] or "campaign without a name",
        experiment=row["experiment"],
        metric=row["metric"],
        is_primary=bool(row["is_primary"]),
        name=row["arm"],
        is_holdout=bool(row["is_holdout"]),
        rate=rate,
        mean=row["value_mean"] if is_amount else None,
        planned=None if row["planned_share"] is None else float(row["planned_share"]),
    )
