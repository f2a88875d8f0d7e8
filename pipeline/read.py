"""What read commands show: always what is published, so that they work while a run goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.errors import RunError
from pipeline.summarise import plain

if TYPE_CHECKING:
    from pipeline.config import Config
    from warehouse import Connection, Warehouse

Row = dict[str, Any]


def leads(
    warehouse: Warehouse, config: Config, client: str, tier: str | None = None, limit: int = 50
) -> list[Row]:
    """Return the client's leads, best score first. Raises ConfigError for an unknown client."""
    config.client(client)
    where, params = "client = ?", [client]
    if tier:
        where, params = where + " and tier = ?", [client, tier]
    with warehouse.published(config.state_dir) as connection:
        return connection.rows(
            "select email, first_name, last_name, title, company_name, score, tier, status, pool_status,"
            " owner_client, touch_count, last_contacted_at, last_intent"
            f" from analytics.leads where {where}"
            f" order by score desc nulls last, lead_id limit {int(limit)}",
            params,
        )


def replies(
    warehouse: Warehouse, config: Config, client: str | None, intent: str | None, limit: int = 20
) -> list[Row]:
    """Return the newest replies with what they say. Raises ConfigError for an unknown client."""
    where, params = ["true"], list[str]()
    if client:
        config.client(client)
        where, params = [*where, "clients.client = ?"], [*params, client]
    if intent:
        where, params = [*where, "replies.intent = ?"], [*params, intent]
    with warehouse.published(config.state_dir) as connection:
        return connection.rows(
            "select cast(replies.reply_id as text) as reply_id, replies.received_at, clients.client,"
            " replies.from_email, replies.intent, replies.confidence, replies.is_positive,"
            " replies.is_opt_out, replies.return_on, replies.requires_response, replies.subject"
            " from analytics.replies as replies"
            " left join analytics.clients as clients on replies.client_id = clients.client_id"
            f" where {' and '.join(where)}"
            f" order by replies.received_at desc, replies.reply_id limit {int(limit)}",
            params,
        )


@dataclass(frozen=True)
class LeadView:
    """One person. clients: how it stands with each client, each with `waterfall`, which adds up to its score.

    touches: messages sent to it, oldest first. replies: what it answered.
    """

    person: Row
    clients: list[Row]
    touches: list[Row]
    replies: list[Row]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        lists = {"clients": self.clients, "touches": self.touches, "replies": self.replies}
        return {"person": _plain_row(self.person)} | {
            name: [_plain_row(row) for row in rows] for name, rows in lists.items()
        }


def lead(warehouse: Warehouse, config: Config, email: str) -> LeadView:
    """Return the person with this e-mail address, in any spelling. Raises RunError when there is none."""
    from ingestion.normalise import email_key

    key = email_key(email)
    with warehouse.published(config.state_dir) as connection:
        people = connection.rows(
            "select cast(lead_id as text) as lead_id, email, first_name, last_name, title, seniority,"
            " company_name, company_domain, industry, employee_count, country, email_status, phone,"
            " linkedin_url, is_bounced, is_unsubscribed, confidence, first_seen_at"
            " from analytics.lead_pool where email_key = ?",
            [key],
        )
        if not people:
            raise RunError(f"nobody in the pool has the address {email}; look with `winnow leads`")
        lead_id = people[0]["lead_id"]
        return LeadView(
            people[0],
            _clients(connection, lead_id),
            _touches(connection, lead_id),
            _answers(connection, lead_id),
        )


def _clients(connection: Connection, lead_id: str) -> list[Row]:
    from scoring.als import waterfall

    rows = connection.rows(
        "select leads.client, leads.owner_client, leads.assignment_status, leads.status, leads.pool_status,"
        " leads.touch_count, leads.first_contacted_at, leads.last_contacted_at, leads.next_contact_on,"
        " scores.* from analytics.leads as leads"
        " left join analytics.als_scores as scores"
        " on leads.lead_id = scores.lead_id and leads.client_id = scores.client_id"
        " where leads.lead_id = cast(? as uuid) order by leads.client",
        [lead_id],
    )
    kept = (
        "client",
        "owner_client",
        "assignment_status",
        "status",
        "pool_status",
        "touch_count",
        "first_contacted_at",
        "last_contacted_at",
        "next_contact_on",
        "score",
        "tier",
        "als_coverage",
        "weights_version",
    )
    return [
        {name: row[name] for name in kept} | {"waterfall": waterfall(row) if row["score"] is not None else []}
        for row in rows
    ]


def _touches(connection: Connection, lead_id: str) -> list[Row]:
    return connection.rows(
        "select messages.sent_at, clients.client, campaigns.name as campaign, messages.step_number,"
        " messages.variant, messages.subject, messages.is_bounced, messages.first_human_opened_at,"
        " messages.replied_at"
        " from analytics.messages as messages"
        " left join analytics.clients as clients on messages.client_id = clients.client_id"
        " left join analytics.campaigns as campaigns on messages.campaign_id = campaigns.campaign_id"
        " where messages.lead_id = cast(? as uuid) order by messages.sent_at, messages.message_id",
        [lead_id],
    )


def _answers(connection: Connection, lead_id: str) -> list[Row]:
    return connection.rows(
        "select received_at, intent, confidence, subject from analytics.replies"
        " where lead_id = cast(? as uuid) order by received_at, reply_id",
        [lead_id],
    )


def _plain_row(row: Row) -> Row:
    return {
        name: [list(step) for step in value] if name == "waterfall" else plain(value)
        for name, value in row.items()
    }
