"""The bodies of webhooks as the providers send them, of everything that has happened to an agency so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sandbox import (
    instantly_deliveries,
    instantly_records,
    pipedrive_records,
    salesforge_records,
    smartlead_records,
)
from sandbox.keys import WEBHOOK_SECRET
from sandbox.model import Campaign, Enrolment, Json, Message, Reply, iso
from sandbox.people import hex_id
from sandbox.portals import Portal
from sandbox.view import View

HUBSPOT_NAMES = {"contacts": "contact", "companies": "company", "deals": "deal", "meetings": "meeting"}
PIPEDRIVE_NAMES = {"deals": "deal", "meetings": "activity"}
LOCAL = timezone(timedelta(hours=2))
"""Salesforge writes times with an offset."""


@dataclass(frozen=True)
class Event:
    """One event. at: when it happened; body: what is sent; event_id: sent beside it."""

    at: datetime
    body: Any
    event_id: str


@dataclass(frozen=True)
class Happening:
    """Something that happened to a message. kind: sent, opened, clicked, bounced, unsubscribed, replied."""

    kind: str
    at: datetime
    enrolment: Enrolment
    message: Message
    reply: Reply | None = None


def happenings(view: View, enrolment: Enrolment) -> Iterator[Happening]:
    """Yield what happened to an enrolment's messages so far."""
    for message in view.messages(enrolment):
        yield Happening("sent", message.sent_at, enrolment, message)
        for kind, times in (("opened", view.opens(message)), ("clicked", view.clicks(message))):
            for number, (at, _) in enumerate(times):
                # no two events of one kind within one millisecond
                yield Happening(kind, at + timedelta(milliseconds=number), enrolment, message)
        if message.bounced_at and view.is_bounced(message):
            yield Happening("bounced", message.bounced_at, enrolment, message)
        if message.unsubscribed_at and view.is_unsubscribed(message):
            yield Happening("unsubscribed", message.unsubscribed_at, enrolment, message)
        for reply in view.replies(enrolment):
            if reply.step == message.step:
                yield Happening("replied", reply.received_at, enrolment, message, reply)


SMARTLEAD_TYPES = {
    "sent": ("EMAIL_SENT", "time_sent"),
    "opened": ("EMAIL_OPEN", "time_opened"),
    "clicked": ("EMAIL_LINK_CLICK", "time_clicked"),
    "bounced": ("EMAIL_BOUNCE", "time_bounced"),
    "unsubscribed": ("LEAD_UNSUBSCRIBED", ""),
    "replied": ("EMAIL_REPLY", "time_replied"),
}


def _smartlead(view: View, item: Campaign, event: Happening) -> Json:
    """Return a body; the text of a reply and its message id are those of the thread."""
    kind, time = SMARTLEAD_TYPES[event.kind]
    enrolment = event.enrolment
    body: Json = {
        "campaign_status": "ACTIVE",
        "client_id": item.provider_client_id,
        "stats_id": view.stats_id(event.message),
        "sl_email_lead_id": str(enrolment.lead_id),
        "sl_email_lead_map_id": enrolment.map_id,
        "sl_lead_email": enrolment.email,
        "from_email": enrolment.mailbox,
        "to_email": enrolment.email,
        "event_timestamp": iso(event.at),
        "campaign_name": item.name,
        "campaign_id": item.id,
        "sequence_number": event.message.step,
        "secret_key": WEBHOOK_SECRET,
        "metadata": {"webhook_created_at": "2025-11-03T09:00:00.000Z"},
        "webhook_url": "https://hooks.example/smartlead",
        "webhook_id": 799,
        "event_type": kind,
    }
    if kind == "LEAD_UNSUBSCRIBED":
        # nothing says by which message
        names = ("event_timestamp", "campaign_name", "campaign_id", "secret_key", "event_type")
        return {
            **{name: body[name] for name in names},
            "lead_email": enrolment.email,
            "unsubscribed_client_id_map": {},
        }
    if event.kind == "clicked":
        body["link_clicked"] = ["https://www.example.com/case-study"]
    if event.reply is not None:
        entry = next(
            entry
            for entry in smartlead_records.history(view, enrolment)
            if entry["type"] == "REPLY" and entry["time"] == iso(event.reply.received_at)
        )
        body["reply_message"] = {
            "message_id": entry["message_id"],
            "html": entry["email_body"],
            "text": "",
            "time": entry["time"],
        }
        body["leadCorrespondence"] = {
            "targetLeadEmail": enrolment.email,
            "replyReceivedFrom": entry["from"],
        }
    return {**body, time: iso(event.at)}


SALESFORGE_TYPES = {
    "sent": "email_sent",
    "opened": "email_opened",
    "clicked": "link_clicked",
    "bounced": "email_bounced",
    "unsubscribed": "contact_unsubscribed",
    "replied": "email_replied",
}


def _salesforge(view: View, item: Campaign, event: Happening) -> Json | None:
    """Return a body; only a sending names its step. None: Salesforge does not tell of soft bounces."""
    agency, enrolment = view.agency, event.enrolment
    if event.kind == "bounced" and event.message.bounce != "hard":
        return None
    detail = salesforge_records.thread_detail(view, enrolment)
    way, at = ("received", event.at) if event.reply else ("sent", event.message.sent_at)
    mail = next(row for row in detail["emails"] if (row["type"], row["date"]) == (way, iso(at)))
    body: Json = {
        "webhookInfo": {
            "id": salesforge_records.name(agency, "wh", f"hook {event.kind}"),
            "eventTime": event.at.astimezone(LOCAL).isoformat(),
            "type": SALESFORGE_TYPES[event.kind],
        },
        "sequenceEmail": {
            "emailId": mail["emailId"],
            "fromEmail": mail["fromAddress"],
            "toEmail": mail["toAddress"],
            "subject": mail["subject"],
            "content": {"text": "", "html": mail["content"]},
        },
        "workspace": salesforge_records.workspace(agency, item.account),
        "contact": detail["contact"],
        "sequence": {"id": detail["sequence"]["id"], "name": item.name},
        "mailbox": {
            "id": salesforge_records.mailbox_id(agency, enrolment.mailbox),
            "email": enrolment.mailbox,
        },
    }
    if event.kind == "sent":
        body["emailSentData"] = {"step": event.message.step, "ai_generated": False}
    return body


def sender_events(view: View, provider: str, account: str) -> Iterator[Event]:
    """Yield the events of the campaigns that an account of a sender sent."""
    for item in view.campaigns:
        if item.provider != provider or (item.account != account and provider != "salesforge"):
            continue
        for enrolment in view.campaign_enrolments(item.id):
            if provider == "instantly":
                for made in instantly_deliveries.deliveries(view, enrolment):
                    if made.attempt == 0:
                        payload = instantly_deliveries.delivery(view, made)["payload"]
                        yield Event(made.created_at, payload, "")
                continue
            for number, event in enumerate(happenings(view, enrolment)):
                make = _smartlead if provider == "smartlead" else _salesforge
                body = make(view, item, event)
                if body is not None:
                    own = f"{enrolment.index} {event.message.step} {event.kind} {event.at.isoformat()}"
                    name = hex_id(view.agency.params, f"webhook {own}", number, 16)
                    yield Event(max(event.at, event.message.known_at), body, f"wh_{name}")


def hubspot_events(view: View, client: int) -> Iterator[Event]:
    """Yield that records of a client's portal were made, deleted and merged, one body each."""
    portal = Portal(view, client)
    for kind, name in HUBSPOT_NAMES.items():
        for record in portal.records(kind):
            number = portal.number(record) * 10 + list(HUBSPOT_NAMES).index(kind)
            said = [("creation", "CREATED", record.created_at)]
            if record.archived_at and record.archived_at <= view.as_of:
                said.append(("deletion", "DELETED", record.archived_at))
            for verb, flag, at in said:
                body = {
                    "eventId": number,
                    "subscriptionId": 6_527_612 + len(verb),
                    "portalId": 48_975_575,
                    "appId": 39_522_895,
                    "occurredAt": int(at.timestamp() * 1000),
                    "subscriptionType": f"object.{verb}" if kind == "meetings" else f"{name}.{verb}",
                    "attemptNumber": 0,
                    "objectId": record.id,
                    "changeFlag": flag,
                    "changeSource": "CRM_UI",
                    "sourceId": "userId:1",
                    **({"objectTypeId": "0-47"} if kind == "meetings" else {}),
                }
                yield Event(at, body, "")


def pipedrive_events(view: View, client: int) -> Iterator[Event]:
    """Yield that deals and activities of a client's company were made and deleted."""
    portal = Portal(view, client)
    makers: dict[str, Callable[[Portal, Any], Json]] = {
        "deals": pipedrive_records.deal,
        "meetings": pipedrive_records.meeting,
    }
    for kind, name in PIPEDRIVE_NAMES.items():
        for record in portal.records(kind):
            data = makers[kind](portal, record)
            said = [("create", record.created_at)]
            if record.archived_at and record.archived_at <= view.as_of:
                said.append(("delete", record.archived_at))
            for verb, at in said:
                meta = {
                    "action": verb,
                    "entity": name,
                    "company_id": str(client + 1),
                    "entity_id": str(data["id"]),
                    "id": instantly_records.uuid(view.agency, f"pipedrive {verb} {kind} {client}", record.id),
                    "is_bulk_edit": False,
                    "timestamp": iso(at),
                    "type": "general",
                    "user_id": "1",
                    "version": "2.0",
                    "webhook_id": "456",
                    "change_source": "app",
                    "attempt": 1,
                    "permitted_user_ids": ["1"],
                }
                gone = verb == "delete"
                body = {"meta": meta, "data": None if gone else data, "previous": data if gone else None}
                yield Event(at, body, "")
