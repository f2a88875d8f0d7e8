"""Schema `ops` in the warehouse: what dbt has to know about this run and about winnow.yml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ingestion.normalise import domain_key

if TYPE_CHECKING:
    from pipeline.config import Config
    from warehouse import Connection

Rows = list[tuple[Any, ...]]

CURRENT_RUN = {
    "run_id": "text",
    "run_at": "timestamptz",
    "agency_time_zone": "text",
    "reply_window_days": "integer",
}
CLIENT_CONFIG = {
    "client": "text",
    "name": "text",
    "time_zone": "text",
    "meetings_target": "integer",
    "postal_address": "text",
    "verified_email_only": "boolean",
}
CLIENT_ICPS = {"client": "text", "kind": "text", "value": "text"}
ACCOUNT_MAP = {"source": "text", "account": "text", "scope": "text", "value": "text", "client": "text"}
STAGE_MAP = {
    "source": "text",
    "account": "text",
    "pipeline": "text",
    "provider_stage": "text",
    "stage": "text",
}
EXPERIMENTS = {
    "experiment": "text",
    "client": "text",
    "campaign_id": "text",
    "metric": "text",
    "arm": "text",
    "share": "decimal(9, 6)",
}
EXCHANGE_RATES = {"currency": "text", "reporting_currency": "text", "rate": "decimal(18, 9)"}
COSTS = {
    "name": "text",
    "client": "text",
    "amount": "decimal(18, 6)",
    "currency": "text",
    "per": "text",
    "starts_on": "date",
    "ends_on": "date",
}
DBT_VARS = {"name": "text", "value": "text"}
"""What the pipeline passes to dbt, for a dbt that somebody calls by hand."""
DEFAULT_STAGES: dict[str, dict[str, dict[str, str]]] = {
    "hubspot": {
        "default": {
            "appointmentscheduled": "qualification",
            "qualifiedtobuy": "qualification",
            "presentationscheduled": "proposal",
            "decisionmakerboughtin": "negotiation",
            "contractsent": "contract_sent",
            "closedwon": "closed_won",
            "closedlost": "closed_lost",
        }
    },
    "pipedrive": {
        "Pipeline": {
            "Qualified": "qualification",
            "Lead In": "qualification",
            "Contact Made": "qualification",
            "Demo Scheduled": "qualification",
            "Proposal Made": "proposal",
            "Negotiations Started": "negotiation",
        }
    },
    "salesforce": {
        "default": {
            "Prospecting": "qualification",
            "Qualification": "qualification",
            "Needs Analysis": "qualification",
            "Value Proposition": "qualification",
            "Id. Decision Makers": "qualification",
            "Perception Analysis": "qualification",
            "Proposal/Price Quote": "proposal",
            "Negotiation/Review": "negotiation",
            "Closed Won": "closed_won",
            "Closed Lost": "closed_lost",
        }
    },
}
"""Stages that a provider's new account comes with; `stages` of an account in winnow.yml wins over them."""

BUILT_LOADS = {"load_id": "text", "run_id": "text"}
BUILD_STATE = {"scope": "text", "hash": "text"}
KEYS_TO_TOUCH = {"person_key": "text"}
"""Person keys that a build looks at whatever was loaded; a night's has none."""


def write_operations(connection: Connection, config: Config, run_id: str, run_at: datetime) -> None:
    """Write the run's clock and all that winnow.yml says; all together."""
    agency = config.agency
    with connection.transaction():
        connection.replace(
            "ops.current_run", CURRENT_RUN, [(run_id, run_at, agency.time_zone, agency.reply_window_days)]
        )
        for table, (columns, rows) in configured(config).items():
            connection.replace(table, columns, rows)
        connection.replace("ops.keys_to_touch", KEYS_TO_TOUCH, [])
        connection.create_table("ops.built_loads", BUILT_LOADS, primary_key=["load_id"])
        connection.create_table("ops.build_state", BUILD_STATE, primary_key=["scope"])


def configured(config: Config) -> dict[str, tuple[dict[str, str], Rows]]:
    """Return the tables that winnow.yml alone decides: name to columns and rows."""
    return {
        "ops.client_config": (
            CLIENT_CONFIG,
            [
                (c.id, c.name, c.time_zone, c.meetings_target, c.postal_address, c.verified_email_only)
                for c in config.clients
            ],
        ),
        "ops.client_icps": (CLIENT_ICPS, sorted(set(_icps(config)))),
        "ops.account_map": (ACCOUNT_MAP, account_map(config)),
        "ops.stage_map": (STAGE_MAP, stage_map(config)),
        "ops.experiments": (EXPERIMENTS, list(_experiments(config))),
        "ops.exchange_rates": (
            EXCHANGE_RATES,
            [(code, config.agency.reporting_currency, rate) for code, rate in config.agency.rates().items()],
        ),
        "ops.costs": (COSTS, list(_costs(config))),
        "ops.dbt_vars": (DBT_VARS, [("key_salt", config.agency.key_salt)]),
    }


def account_map(config: Config) -> Rows:
    """Return which client an account, one of its campaigns or one of its provider's clients belongs to."""
    rows: Rows = []
    for source in config.configured_sources():
        for account in config.sources.accounts(source):
            if account.client:
                rows.append((source, account.name, "account", "", account.client))
            rows += _mapped(source, account.name, "campaign", account.campaigns)
            rows += _mapped(source, account.name, "provider_client", account.provider_clients)
    return rows


def stage_map(config: Config) -> Rows:
    """Return the canonical stage of every mapped stage of a pipeline, a provider's default ones included."""
    rows: Rows = []
    for source in config.configured_sources():
        for account in config.sources.accounts(source):
            pipelines = {
                name: {**DEFAULT_STAGES.get(source, {}).get(name, {}), **account.stages.get(name, {})}
                for name in {**DEFAULT_STAGES.get(source, {}), **account.stages}
            }
            rows += [
                (source, account.name, pipeline, provider_stage, stage)
                for pipeline, stages in pipelines.items()
                for provider_stage, stage in stages.items()
            ]
    return rows


def set_loads_to_build(connection: Connection, completed: list[str]) -> int:
    """Write which completed loads no build has seen yet; return how many."""
    built = {row["load_id"] for row in connection.rows("select load_id from ops.built_loads")}
    pending = [(load_id,) for load_id in completed if load_id not in built]
    return connection.replace("ops.loads_to_build", {"load_id": "text"}, pending)


def keep_clock(connection: Connection, stage: str, run_at: datetime) -> None:
    """Write down the clock that `stage` last worked with; a stage of its own command has one of its own."""
    scope = f"{stage}_clock"
    connection.execute("delete from ops.build_state where scope = ?", [scope])
    connection.execute(
        "insert into ops.build_state (scope, hash) values (?, ?)", [scope, run_at.astimezone(UTC).isoformat()]
    )


def clock_of(connection: Connection, stage: str) -> datetime | None:
    """Return the clock that `stage` last worked with, None where it never did."""
    if not connection.table_exists("ops.build_state"):
        return None
    found = connection.scalar("select hash from ops.build_state where scope = ?", [f"{stage}_clock"])
    return None if found is None else datetime.fromisoformat(found)


def _mapped(source: str, account: str, scope: str, clients: Mapping[str, str]) -> Rows:
    return [(source, account, scope, value, client) for value, client in clients.items()]


def _icps(config: Config) -> Iterator[tuple[str, str, str]]:
    for client in config.clients:
        for name in client.competitors:
            yield client.id, "competitor", domain_key(name) or name.strip().lower()
        if client.icp is None:
            continue
        lists = {
            "industry": client.icp.industries,
            "country": client.icp.countries,
            "title": client.icp.titles,
            "seniority": client.icp.seniorities,
            "technology": client.icp.technologies,
            "keyword": client.icp.keywords,
        }
        for kind, values in lists.items():
            for value in values:
                yield client.id, kind, value.strip().lower()
        if client.icp.employees:
            yield client.id, "employees_min", str(client.icp.employees.min)
            yield client.id, "employees_max", str(client.icp.employees.max)


def _experiments(config: Config) -> Iterator[tuple[Any, ...]]:
    for item in config.experiments:
        for arm, share in item.arms.items():
            yield item.id, item.client, item.campaign, item.metric, arm, Decimal(f"{share:.6f}")


def _costs(config: Config) -> Iterator[tuple[Any, ...]]:
    for item in config.costs:
        for client in (item.client,) if item.client else (client.id for client in config.clients):
            yield (
                item.name,
                client,
                item.amount,
                item.currency,
                item.per,
                item.starts_on,
                item.ends_on,
            )
