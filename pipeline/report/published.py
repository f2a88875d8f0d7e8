"""Reads the page's numbers from the published tables: facts, funnel, tiers, replies, cohorts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from pipeline.report.learned import read_experiments, read_learned
from pipeline.report.model import (
    TIERS,
    Funnel,
    Headline,
    Intent,
    Report,
    SourceState,
    Step,
    Tiers,
    Week,
    Won,
)
from pipeline.report.numbers import Rate

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.summary import RunSummary
    from scoring.als import Reach
    from warehouse import Connection

Row = dict[str, Any]

_HEADLINE = """
with contacted as (
    select distinct lead_id from analytics.messages
),

positive as (
    select distinct lead_id from analytics.replies where is_positive
)

select
    (select count(*) from analytics.lead_pool) as people,
    (select count(*) from analytics.companies) as companies,
    (select count(*) from contacted) as contacted,
    (select count(*) from contacted where lead_id in (select lead_id from positive)) as positive,
    (select count(*) from analytics.messages) as messages,
    (select count(*) from analytics.messages where is_bounced) as bounced,
    (select count(*) from analytics.messages where client_id is null) as unmapped,
    (select max(sent_at) from analytics.messages) as newest_message,
    (select max(received_at) from analytics.replies) as newest_reply,
    (select count(*) from analytics.replies) as replies,
    (select count(*) from analytics.replies where is_human) as human_replies,
    (select count(*) from analytics.replies where is_positive) as positive_replies,
    (select count(*) from analytics.meetings where deleted_at is null) as meetings,
    (
        select count(*) from analytics.deals
        where deleted_at is null and coalesce(stage, '') not in ('closed_won', 'closed_lost')
    ) as open_deals
"""

_WON = """
select currency, count(*) as deals, count(value) as priced, sum(value) as value
from analytics.deals
where stage = 'closed_won' and deleted_at is null
group by currency
order by count(*) desc, coalesce(currency, '') collate "C"
"""

_FUNNEL = """
select clients.name as client, funnel.*
from analytics.funnel as funnel
inner join analytics.clients as clients on funnel.client_id = clients.client_id
where funnel.dimension = 'all' and funnel.cohort_week is null
order by funnel.client_id, funnel.step_number
"""

_TIERS = """
select
    clients.client,
    clients.name,
    leads.tier,
    count(*) as leads,
    max(leads.score) as highest
from analytics.leads as leads
inner join analytics.clients as clients on leads.client_id = clients.client_id
group by clients.client, clients.name, leads.tier
"""

_INTENTS = """
select
    coalesce(intent, 'not labelled') as intent,
    case when is_positive then 'positive' when is_human then 'human' else 'automatic' end as kind,
    count(*) as replies
from analytics.replies
group by 1, 2
order by count(*) desc, 1, 2
"""

_WEEKS = """
with still_open as (
    select cohort_week, count(*) as leads
    from analytics.lead_funnel
    where not is_settled and not is_holdout and cohort_week is not null and client_id is not null
    group by cohort_week
)

select
    funnel.cohort_week as monday,
    sum(funnel.lead_count) as positive,
    sum(funnel.contacted_count) as contacted,
    max(coalesce(still_open.leads, 0)) as still_open
from analytics.funnel as funnel
left join still_open on funnel.cohort_week = still_open.cohort_week
where funnel.dimension = 'all' and funnel.step = 'positive' and funnel.cohort_week is not null
group by funnel.cohort_week
order by funnel.cohort_week
"""


_COUNTS = (
    "people",
    "companies",
    "contacted",
    "messages",
    "bounced",
    "replies",
    "human_replies",
    "positive_replies",
    "meetings",
    "open_deals",
)
"""Columns of _HEADLINE that are fields of Headline."""


def read_report(
    reader: Connection, config: Config, summary: RunSummary, connected: Collection[str] | None = None
) -> Report:
    """Return all that the page shows. reader: the published tables, see Warehouse.published."""
    publication = reader.rows("select run_at, published_at from analytics.publication")
    run_at = publication[0]["run_at"] if publication else summary.run_at
    facts = reader.rows(_HEADLINE)[0]
    connected = connected_tables(reader, config, summary) if connected is None else connected
    return Report(
        agency=config.agency.name,
        published_at=publication[0]["published_at"] if publication else None,
        data_from_run=run_at,
        newest_message=facts["newest_message"],
        newest_reply=facts["newest_reply"],
        sources=tuple(source_states(config, summary)),
        headline=_headline(reader, facts),
        unmapped_messages=int(facts["unmapped"]),
        funnels=_funnels(reader),
        tiers=_tiers(reader, config, connected),
        intents=tuple(
            Intent(row["intent"], row["kind"], int(row["replies"])) for row in reader.rows(_INTENTS)
        ),
        learned=read_learned(reader, run_at),
        experiments=read_experiments(reader),
        weeks=tuple(
            Week(row["monday"], Rate.of(int(row["positive"]), int(row["contacted"])), int(row["still_open"]))
            for row in reader.rows(_WEEKS)
        ),
        summary=summary,
    )


def connected_tables(reader: Connection, config: Config, summary: RunSummary) -> set[str]:
    """Return winnow.yml's sources, the tables that the run loaded, and files where a campaign is from one."""
    connected = set(config.configured_sources())
    connected |= {f"{line.source}.{line.resource}" for line in summary.loads if line.landed or line.known}
    if reader.scalar("select count(*) from analytics.campaigns where source = 'files'"):
        connected.add("files")
    return connected


def source_states(config: Config, summary: RunSummary) -> list[SourceState]:
    """Return how each account of winnow.yml, and each file import, came through this run."""
    accounts = [
        (source, account.name)
        for source in config.configured_sources()
        for account in config.sources.accounts(source)
    ]
    seen = {(line.source, line.account) for line in summary.loads}
    accounts += sorted(pair for pair in seen if pair not in accounts)
    return [_source_state(source, account, summary) for source, account in accounts]


def _source_state(source: str, account: str, summary: RunSummary) -> SourceState:
    lines = [line for line in summary.loads if (line.source, line.account) == (source, account)]
    faults = [line for line in summary.failures if line.startswith(f"{source} account {account}:")]
    if not faults and not lines:
        faults = [
            step.error or "failed"
            for step in summary.steps
            if (step.stage, step.step, step.outcome) == ("load", source, "failed")
        ]
    state = "failed" if faults else "loaded" if lines else "not loaded in this run"
    return SourceState(
        name=source if source == account else f"{source} / {account}",
        state=state,
        received=sum(line.received for line in lines),
        landed=sum(line.landed for line in lines),
        note=faults[0] if faults else "",
    )


def _headline(reader: Connection, facts: Row) -> Headline:
    won = tuple(
        Won(row["currency"], int(row["deals"]), int(row["priced"]), row["value"]) for row in reader.rows(_WON)
    )
    return Headline(
        **{name: int(facts[name]) for name in _COUNTS},
        positive=Rate.of(int(facts["positive"]), int(facts["contacted"])),
        won_deals=sum(item.deals for item in won),
        won=won,
    )


def _funnels(reader: Connection) -> tuple[Funnel, ...]:
    steps: defaultdict[tuple[str, str], list[Step]] = defaultdict(list)
    for row in reader.rows(_FUNNEL):
        steps[row["client"], str(row["client_id"])].append(_step(row))
    funnels = [Funnel(client, tuple(found)) for (client, _), found in steps.items()]
    return tuple(sorted(funnels, key=lambda funnel: (-funnel.contacted, funnel.client)))


def _step(row: Row) -> Step:
    rate = None
    if row["rate_on_contacted"] is not None:
        counts = int(row["lead_count"]), int(row["contacted_count"])
        rate = Rate(*counts, float(row["rate_low"]), float(row["rate_high"]))
    on_previous = row["rate_on_previous"]
    return Step(
        name=row["step"],
        observed=int(row["observed_count"]),
        leads=int(row["lead_count"]),
        on_previous=None if on_previous is None else float(on_previous),
        rate=rate,
        is_beside=bool(row["is_series"]),
    )


def _tiers(reader: Connection, config: Config, connected: Collection[str]) -> tuple[Tiers, ...]:
    from scoring.als import reachable

    reach = {item.client: item for item in reachable(config, connected)}
    rows: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in reader.rows(_TIERS):
        rows[row["name"], row["client"]].append(row)
    return tuple(
        _client_tiers(name, found, reach.get(client)) for (name, client), found in sorted(rows.items())
    )


def _client_tiers(name: str, rows: list[Row], reach: Reach | None) -> Tiers:
    counts = {row["tier"]: int(row["leads"]) for row in rows if row["tier"]}
    scores = [int(row["highest"]) for row in rows if row["highest"] is not None]
    missing = [(item.signal, item.lost, ", ".join(item.fill)) for item in reach.missing] if reach else []
    return Tiers(
        client=name,
        counts={tier: counts.get(tier, 0) for tier in TIERS},
        unscored=sum(int(row["leads"]) for row in rows if not row["tier"]),
        highest=max(scores, default=None),
        reachable=reach.highest if reach else None,
        reachable_tier=reach.tier if reach else None,
        missing=tuple(missing),
    )
