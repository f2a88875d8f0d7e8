"""Campaigns, leads and e-mails as Instantly writes them; steps count from 0."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sandbox.model import Agency, Campaign, Enrolment, Json, Message, Reply, iso
from sandbox.people import hex_id
from sandbox.smartlead_records import category_name
from sandbox.view import View

STATUSES = {"BLOCKED": -1, "COMPLETED": 3, "STOPPED": 3, "INPROGRESS": 1, "STARTED": 1}
INTEREST: dict[str, int] = {
    "Interested": 1,
    "Meeting Request": 2,
    "Not Interested": -1,
    "Do Not Contact": -1,
    "Information Request": 1001,
    "Out Of Office": 0,
    "Wrong Person": -2,
}
"""Smartlead's categories in Instantly's numbers; those from 1000 on are the workspace's own labels."""


def uuid(agency: Agency, kind: str, number: int) -> str:
    """Return the id of a record."""
    return str(UUID(hex_id(agency.params, f"instantly {kind}", number, 32), version=4))


def campaign_id(agency: Agency, item: Campaign) -> str:
    """Return the id of a campaign."""
    return uuid(agency, "campaign", item.id)


def workspace_id(agency: Agency, account: str) -> str:
    """Return the id of a workspace."""
    return uuid(agency, f"workspace {account}", 0)


def campaign(view: View, item: Campaign) -> Json:
    """Return the campaign with its only sequence; a step's delay is the wait before the next one."""
    is_running = item.started_at <= view.as_of
    waits = [step.wait_days for step in item.steps[1:]] + [1]
    return {
        "id": campaign_id(view.agency, item),
        "name": item.name,
        "pl_value": 100,
        "status": 1 if is_running else 0,
        "is_evergreen": False,
        "campaign_schedule": {
            "schedules": [
                {
                    "name": "New schedule",
                    "timing": {"from": "08:30", "to": "16:30"},
                    "days": {str(day): 0 < day < 6 for day in range(7)},
                    "timezone": "Etc/GMT+12",
                }
            ]
        },
        "sequences": [
            {
                "steps": [
                    {
                        "type": "email",
                        "delay": wait,
                        "delay_unit": "days",
                        "variants": [
                            {"subject": template.subject, "body": template.body}
                            for template in step.templates
                        ],
                    }
                    for step, wait in zip(item.steps, waits, strict=True)
                ]
            }
        ],
        "timestamp_created": iso(item.created_at),
        "timestamp_updated": iso(item.started_at if is_running else item.created_at),
        "email_list": list(item.mailboxes),
        "daily_limit": 100,
        "stop_on_reply": True,
        "link_tracking": item.is_tracked,
        "open_tracking": item.is_tracked,
        "text_only": False,
        "organization": workspace_id(view.agency, item.account),
    }


def account(view: View, item: Campaign, mailbox: str) -> Json:
    """Return a sending account."""
    first, last = view.agency.params.profiles[item.client].sender
    created = iso(item.created_at)
    return {
        "email": mailbox,
        "timestamp_created": created,
        "timestamp_updated": created,
        "timestamp_warmup_start": created,
        "first_name": first,
        "last_name": last,
        "warmup": {"limit": 10, "increment": "disabled", "reply_rate": 0.3},
        "daily_limit": 40,
        "status": 1,
        "enable_slow_ramp": False,
        "organization": workspace_id(view.agency, item.account),
        "warmup_status": 1,
        "provider_code": 2,
        "setup_pending": False,
        "is_managed_account": False,
        "stat_warmup_score": 100,
    }


def lead(view: View, enrolment: Enrolment) -> Json:
    """Return a lead, which is a person in one campaign; it counts what happens and dates the last of it."""
    agency = view.agency
    item = agency.campaign_by_id[enrolment.campaign]
    person = agency.people[enrolment.person]
    job = person.job_at(enrolment.added_at)
    company = agency.companies[job.company]
    messages, replies = view.messages(enrolment), view.replies(enrolment)
    opens = [at for message in messages for at, _ in view.opens(message)]
    clicks = [at for message in messages for at, _ in view.clicks(message)]
    sent = [message.sent_at for message in messages]
    received = [reply.received_at for reply in replies]
    name = category_name(view, enrolment)
    variables = {"linkedin": person.linkedin, "industry": company.industry if job.title else None}
    return {
        "id": lead_id(agency, enrolment),
        "timestamp_created": iso(enrolment.added_at),
        "timestamp_updated": iso(max([enrolment.added_at, *sent, *opens, *clicks, *received])),
        "organization": workspace_id(agency, item.account),
        "campaign": campaign_id(agency, item),
        "status": -2 if view.has_unsubscribed(enrolment) else STATUSES[view.status(enrolment)],
        "email": enrolment.email,
        "personalization": None,
        "website": f"https://www.{company.domain}",
        "last_name": person.last_name,
        "first_name": person.first_name,
        "company_name": company.name,
        "job_title": job.title or None,
        "phone": person.phone,
        "email_open_count": len(opens),
        "email_reply_count": len(replies),
        "email_click_count": len(clicks),
        "company_domain": company.domain,
        "payload": {name: value for name, value in variables.items() if value},
        "lt_interest_status": INTEREST.get(name) if name else None,
        "timestamp_last_contact": _last(sent),
        "timestamp_last_open": _last(opens),
        "timestamp_last_click": _last(clicks),
        "timestamp_last_reply": _last(received),
        "upload_method": "api",
        "esp_code": 1,
    }


def lead_id(agency: Agency, enrolment: Enrolment) -> str:
    """Return the id of a lead."""
    return uuid(agency, "lead", enrolment.index)


def sent_id(agency: Agency, message: Message) -> str:
    """Return the id of an e-mail sent."""
    return uuid(agency, "sent", message.enrolment * 10 + message.step)


def received_id(agency: Agency, enrolment: Enrolment, number: int) -> str:
    """Return the id of the `number`th e-mail that a lead wrote."""
    return uuid(agency, "received", enrolment.index * 20 + number)


def _last(times: list[datetime]) -> str | None:
    return iso(max(times)) if times else None


def step_name(view: View, enrolment: Enrolment, number: int) -> str:
    """Return sequence, step and variant, each from 0."""
    item = view.agency.campaign_by_id[enrolment.campaign]
    variant = enrolment.arm if len(item.steps[number - 1].templates) > 1 else 0
    return f"0_{number - 1}_{variant}"


def sent(view: View, enrolment: Enrolment, message: Message) -> Json:
    """Return an e-mail that a campaign sent."""
    subject, body = view.subject_and_body(enrolment, message)
    number = message.enrolment * 10 + message.step
    domain = enrolment.mailbox.partition("@")[2]
    return {
        **_common(view, enrolment, message.step, "sent", number, message.known_at),
        "timestamp_email": iso(message.sent_at),
        "message_id": f"<{uuid(view.agency, 'header', number)}@{domain}>",
        "subject": subject,
        "from_address_email": enrolment.mailbox,
        "to_address_email_list": enrolment.email,
        "body": {"html": body},
        "ue_type": 1,
        "is_unread": 0,
    }


def received(view: View, enrolment: Enrolment, number: int, reply: Reply) -> Json:
    """Return an inbound e-mail, the lead's `number`th; the list does not say whether a program wrote it."""
    subject, _ = view.subject_and_body(enrolment, enrolment.messages[reply.step - 1])
    body = view.reply_body(enrolment, reply)
    name = category_name(view, enrolment)
    token = enrolment.index * 20 + number
    return {
        **_common(view, enrolment, reply.step, "received", token, reply.known_at),
        "timestamp_email": iso(reply.received_at),
        "message_id": f"<{uuid(view.agency, 'reply header', token)}@mail.example>",
        "subject": subject if subject.startswith("Re:") else f"Re: {subject}",
        "from_address_email": view.reply_sender(enrolment, reply),
        "to_address_email_list": enrolment.mailbox,
        "body": {"html": body} if body.startswith("<") else {"text": body},
        "ue_type": 2,
        "is_unread": 1 if name is None else 0,
        "i_status": INTEREST.get(name) if name else None,
        "content_preview": body[:60],
    }


def _common(
    view: View, enrolment: Enrolment, step: int, kind: str, number: int, known_at: datetime
) -> dict[str, Any]:
    item = view.agency.campaign_by_id[enrolment.campaign]
    return {
        "id": uuid(view.agency, kind, number),
        "timestamp_created": iso(known_at),
        "organization_id": workspace_id(view.agency, item.account),
        "campaign_id": campaign_id(view.agency, item),
        "lead": enrolment.email,
        "lead_id": lead_id(view.agency, enrolment),
        "eaccount": enrolment.mailbox,
        "step": step_name(view, enrolment, step),
        "thread_id": f"thread:{enrolment.index}",
    }


def analytics(view: View, item: Campaign) -> Json:
    """Return the campaign's totals."""
    pairs = view.campaign_messages(item.id)
    enrolments = view.campaign_enrolments(item.id)
    return {
        "campaign_name": item.name,
        "campaign_id": campaign_id(view.agency, item),
        "campaign_status": 1 if item.started_at <= view.as_of else 0,
        "campaign_is_evergreen": False,
        "leads_count": len(enrolments),
        "contacted_count": len({enrolment.index for enrolment, _ in pairs}),
        "emails_sent_count": len(pairs),
        "open_count": sum(len(view.opens(message)) for _, message in pairs),
        "reply_count": sum(len(view.replies(enrolment)) for enrolment in enrolments),
        "link_click_count": sum(len(view.clicks(message)) for _, message in pairs),
        "bounced_count": sum(view.is_bounced(message) for _, message in pairs),
        "unsubscribed_count": sum(view.is_unsubscribed(message) for _, message in pairs),
        "completed_count": sum(view.status(enrolment) == "COMPLETED" for enrolment in enrolments),
    }


def analytics_by_day(view: View, items: Sequence[Campaign], days: Sequence[str]) -> list[Json]:
    """Return the campaigns' figures of each day on which anything happened."""
    counts: dict[str, Counter[str]] = {day: Counter() for day in days}

    def count(at: datetime, name: str) -> None:
        if (day := at.date().isoformat()) in counts:
            counts[day][name] += 1

    for item in items:
        for _, message in view.campaign_messages(item.id):
            count(message.sent_at, "sent")
            if message.step == 1:
                count(message.sent_at, "contacted")
            for at, _ in view.opens(message):
                count(at, "opened")
            for at, _ in view.clicks(message):
                count(at, "clicks")
        for enrolment in view.campaign_enrolments(item.id):
            for reply in view.replies(enrolment):
                count(reply.received_at, "replies")
    names = ("sent", "contacted", "opened", "replies", "clicks")
    return [{"date": d, **{n: counts[d][n] for n in names}} for d in days if counts[d].total()]


def label(view: View, account: str) -> Json:
    """Return the workspace's own label."""
    return {
        "id": uuid(view.agency, f"label {account}", 1001),
        "timestamp_created": "2025-11-03T09:00:00.000Z",
        "organization_id": workspace_id(view.agency, account),
        "label": "Information Request",
        "interest_status_label": "positive",
        "interest_status": 1001,
        "use_with_ai": False,
    }


def block_list(view: View, account: str) -> list[Json]:
    """Return whom the workspace must not contact: an address and a domain of nobody in the simulation."""
    return [
        {
            "id": uuid(view.agency, f"block {account}", number),
            "timestamp_created": "2025-11-03T09:00:00.000Z",
            "organization_id": workspace_id(view.agency, account),
            "bl_value": value,
            "is_domain": "@" not in value,
        }
        for number, value in enumerate((f"legal@{account}.example", f"rival-of-{account}.example"))
    ]
