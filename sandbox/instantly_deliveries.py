"""Instantly's log of webhook deliveries: what its webhooks were told, some of it only at the second try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sandbox.instantly_records import campaign_id, received, step_name, uuid, workspace_id
from sandbox.model import Agency, Enrolment, Json, Message, iso
from sandbox.view import View

FAILED_EVERY = 17
"""Every so many deliveries fail at first and are repeated an hour later."""


@dataclass(frozen=True)
class Delivery:
    """One attempt to tell a webhook of an event. number: of the event; attempt: from 0."""

    enrolment: Enrolment
    message: Message
    event_type: str
    at: datetime
    created_at: datetime
    number: int
    attempt: int
    is_success: bool


def deliveries(view: View, enrolment: Enrolment) -> Iterator[Delivery]:
    """Return the deliveries that an enrolment's events have caused so far."""
    for message in view.messages(enrolment):
        events: list[tuple[str, datetime]] = []
        for name, times in (("email_opened", view.opens(message)), ("link_clicked", view.clicks(message))):
            # no two events of one kind within one millisecond
            events += [(name, at + timedelta(milliseconds=i)) for i, (at, _) in enumerate(times)]
        if message.bounced_at and view.is_bounced(message):
            events.append(("email_bounced", message.bounced_at))
        if message.unsubscribed_at and view.is_unsubscribed(message):
            events.append(("lead_unsubscribed", message.unsubscribed_at))
        events += [
            ("reply_received", r.received_at) for r in view.replies(enrolment) if r.step == message.step
        ]
        for number, (name, at) in enumerate(events):
            event = (message.enrolment * 10 + message.step) * 100 + number
            make = partial(Delivery, enrolment, message, name, at, number=event)
            created_at = max(at, message.known_at)
            is_late = event % FAILED_EVERY == 0
            yield make(created_at=created_at, attempt=0, is_success=not is_late)
            again_at = created_at + timedelta(hours=1)
            if is_late and again_at <= view.as_of:
                yield make(created_at=again_at, attempt=1, is_success=True)


def delivery(view: View, item: Delivery) -> Json:
    """Return an attempt to tell a webhook; a repeated one carries the same payload."""
    agency, enrolment = view.agency, item.enrolment
    part = agency.campaign_by_id[enrolment.campaign]
    person = agency.people[enrolment.person]
    payload = {
        "step": item.message.step,
        "email": enrolment.email,
        "variant": int(step_name(view, enrolment, item.message.step)[-1]) + 1,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "timestamp": iso(item.at),
        "workspace": workspace_id(agency, part.account),
        "event_type": item.event_type,
        "lead_email": enrolment.email,
        "unibox_url": None,
        "campaign_id": campaign_id(agency, part),
        "campaign_name": part.name,
        "email_account": enrolment.mailbox,
        **(_reply_fields(view, item) if item.event_type == "reply_received" else {}),
    }
    return {
        "id": delivery_id(agency, item),
        "timestamp_created": iso(item.created_at),
        "timestamp_created_date": item.created_at.date().isoformat(),
        "organization_id": workspace_id(agency, part.account),
        "payload": payload,
        "success": item.is_success,
        "retry_count": item.attempt,
        "will_retry": not item.is_success,
        "webhook_url": "https://hooks.example/instantly",
        "status_code": 200 if item.is_success else 503,
        "error_message": None if item.is_success else "Connection timeout",
        "retry_group_id": uuid(agency, "retry", item.number),
        "lead_email": enrolment.email,
        "response_time_ms": 150,
    }


def _reply_fields(view: View, item: Delivery) -> Json:
    """Return what a webhook says of a reply beside the rest: its text, and under which id the list has it."""
    replies = view.replies(item.enrolment)
    number, reply = next((n, reply) for n, reply in enumerate(replies) if reply.received_at == item.at)
    email = received(view, item.enrolment, number, reply)
    text = email["body"].get("text") or email["body"]["html"]
    return {
        "is_first": number == 0,
        "email_id": email["id"],
        "reply_subject": email["subject"],
        "reply_text": text,
        "reply_text_snippet": text[:60],
    }


def delivery_id(agency: Agency, item: Delivery) -> str:
    """Return the id of a delivery."""
    return uuid(agency, "delivery", item.number * 2 + item.attempt)
