"""Sequences, contacts, sending data and threads as Salesforge writes them; nothing is an empty text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sandbox.model import Agency, Campaign, Enrolment, Json, Message, iso
from sandbox.people import hex_id
from sandbox.smartlead_records import category_name
from sandbox.view import View

LABELS = ("Interested", "Meeting Request", "Not Interested", "Information Request", "Out Of Office")
STATUSES = {
    "BLOCKED": "bounced",
    "COMPLETED": "finished",
    "STOPPED": "replied",
    "INPROGRESS": "contacted",
    "STARTED": "active",
}


def name(agency: Agency, prefix: str, kind: str, number: int = 0) -> str:
    """Return the id of a record, such as lead_0f3a…"""
    return f"{prefix}_{hex_id(agency.params, f'salesforge {kind}', number, 21)}"


def workspace_id(agency: Agency, workspace: str) -> str:
    """Return the id of a workspace."""
    return name(agency, "wks", workspace)


def sequence_id(agency: Agency, item: Campaign) -> str:
    """Return the id of a sequence."""
    return name(agency, "seq", "sequence", item.id)


def contact_id(agency: Agency, enrolment: Enrolment) -> str:
    """Return the id of a contact, who is the same in all sequences of a workspace."""
    return name(agency, "lead", "contact", enrolment.lead_id)


def thread_id(agency: Agency, enrolment: Enrolment) -> str:
    """Return the id of a thread."""
    return name(agency, "thr", "thread", enrolment.index)


def mailbox_id(agency: Agency, mailbox: str) -> str:
    """Return the id of a mailbox."""
    return name(agency, "mbox", mailbox)


def workspace(agency: Agency, text: str) -> Json:
    """Return a workspace."""
    own = workspace_id(agency, text)
    return {"id": own, "accountId": name(agency, "acc", "account"), "name": text.title(), "slug": text}


def sequence(view: View, item: Campaign, *, with_steps: bool) -> Json:
    """Return a sequence with its counts; only when asked for alone it has its steps."""
    enrolments = view.campaign_enrolments(item.id)
    statuses = [status(view, enrolment) for enrolment in enrolments]
    steps = [_step(view.agency, item, number) for number in range(len(item.steps))] if with_steps else []
    return {
        "id": sequence_id(view.agency, item),
        "workspaceId": workspace_id(view.agency, item.account),
        "name": item.name,
        "productId": name(view.agency, "prod", "product", item.client),
        "agentId": None,
        "status": "active" if item.started_at <= view.as_of else "draft",
        "leadCount": len(enrolments),
        "contactedCount": sum(bool(view.messages(enrolment)) for enrolment in enrolments),
        "repliedCount": sum(bool(view.replies(enrolment)) for enrolment in enrolments),
        "bouncedCount": statuses.count("bounced"),
        "completedCount": statuses.count("finished"),
        "optOutedCount": statuses.count("unsubscribed"),
        "openTrackingEnabled": item.is_tracked,
        "clickTrackingEnabled": item.is_tracked,
        "mailboxes": [
            {"id": mailbox_id(view.agency, box), "address": box, "firstName": "", "lastName": ""}
            for box in item.mailboxes
        ],
        "steps": steps,
    }


def _step(agency: Agency, item: Campaign, index: int) -> Json:
    step = item.steps[index]
    return {
        "id": name(agency, "step", "step", step.id),
        "name": f"Step {step.number}",
        "order": index,
        "waitDays": step.wait_days,
        "distributionStrategy": "equal",
        "variants": [
            {
                "id": name(agency, "var", f"variant {number}", step.id),
                "label": template.label,
                "order": number,
                "emailSubject": template.subject,
                "emailContent": template.body,
                "status": "active",
                "distributionWeight": 100 / len(step.templates),
            }
            for number, template in enumerate(step.templates)
        ],
    }


def status(view: View, enrolment: Enrolment) -> str:
    """Return a contact's status in a sequence."""
    return "unsubscribed" if view.has_unsubscribed(enrolment) else STATUSES[view.status(enrolment)]


def contact(view: View, own: Sequence[Enrolment]) -> Json:
    """Return a contact with all of its sequences; `own`: its enrolments in the workspace, oldest first."""
    agency = view.agency
    person = agency.people[own[0].person]
    job = person.job_at(own[0].added_at)
    company = agency.companies[job.company]
    return {
        "id": contact_id(agency, own[0]),
        "firstName": person.first_name,
        "lastName": person.last_name or "",
        "email": own[0].email,
        "linkedinUrl": person.linkedin or "",
        "company": company.name,
        "position": job.title or "",
        "customVars": {"website": f"https://www.{company.domain}", "phone": person.phone or ""},
        "tags": [f"{own[0].added_at:%Y-%m-%d}"],
        "sequences": [
            {
                "id": sequence_id(agency, agency.campaign_by_id[enrolment.campaign]),
                "name": agency.campaign_by_id[enrolment.campaign].name,
                "status": status(view, enrolment),
            }
            for enrolment in own
        ],
    }


def sending(view: View, enrolment: Enrolment, message: Message) -> Json:
    """Return what the sending data say of one e-mail: when it was first opened and clicked."""
    item = view.agency.campaign_by_id[enrolment.campaign]
    return {
        "sequenceId": sequence_id(view.agency, item),
        "contactId": contact_id(view.agency, enrolment),
        "email": enrolment.email,
        "scheduled": iso(message.sent_at),
        "sent": iso(message.sent_at),
        "opened": _first([at for at, _ in view.opens(message)]),
        "clicked": _first([at for at, _ in view.clicks(message)]),
    }


def _first(times: Sequence[datetime]) -> str:
    return iso(times[0]) if times else ""


def thread(view: View, enrolment: Enrolment) -> Json:
    """Return a thread as the list shows it; there is one where something came back."""
    agency = view.agency
    person = agency.people[enrolment.person]
    last = view.replies(enrolment)[-1]
    label = category_name(view, enrolment)
    kind = {"out_of_office": "ooo", "bounce_notice": "bounced"}.get(last.intent, "lead_replied")
    return {
        "id": thread_id(agency, enrolment),
        "mailboxId": mailbox_id(agency, enrolment.mailbox),
        "agentId": None,
        "agentReply": None,
        "agentStatus": None,
        "contactFirstName": person.first_name,
        "contactLastName": person.last_name or "",
        "contactEmail": enrolment.email,
        "subject": "Re:",
        "content": view.reply_body(enrolment, last)[:80],
        "date": iso(last.received_at),
        "isUnread": label is None,
        "isPositive": label in LABELS[:2],
        "labelId": label_id(agency, label) if label in LABELS else "",
        "labelAppliedAt": iso(enrolment.category_at) if label and enrolment.category_at else "",
        "labelAppliedBy": "llm" if label else "",
        "replyType": kind,
        "profilePictureUrl": None,
    }


def label_id(agency: Agency, label: str | None) -> str:
    """Return the id of a label."""
    return name(agency, "lbl", f"label {label}")


def thread_detail(view: View, enrolment: Enrolment) -> Json:
    """Return a thread with its e-mails, oldest first."""
    agency = view.agency
    item = agency.campaign_by_id[enrolment.campaign]
    person = agency.people[enrolment.person]
    emails: list[tuple[datetime, Json]] = []
    for message in view.messages(enrolment):
        subject, body = view.subject_and_body(enrolment, message)
        number = message.enrolment * 10 + message.step
        way = (enrolment.mailbox, enrolment.email)
        emails.append((message.sent_at, _email(agency, "sent", number, way, message.sent_at, subject, body)))
    for number, reply in enumerate(view.replies(enrolment)):
        subject, _ = view.subject_and_body(enrolment, enrolment.messages[reply.step - 1])
        way = (view.reply_sender(enrolment, reply), enrolment.mailbox)
        text = view.reply_body(enrolment, reply)
        row = _email(agency, "received", enrolment.index * 20 + number, way, reply.received_at, subject, text)
        emails.append((reply.received_at, row))
    emails.sort(key=lambda pair: pair[0])
    return {
        "contact": {
            "id": contact_id(agency, enrolment),
            "firstName": person.first_name,
            "lastName": person.last_name or "",
            "email": enrolment.email,
        },
        "emails": [row for _, row in emails],
        "linkedinMessages": [],
        "sequence": {"id": sequence_id(agency, item), "name": item.name, "status": "active"},
    }


def _email(
    agency: Agency, kind: str, number: int, way: tuple[str, str], at: datetime, subject: str, body: str
) -> Json:
    sender, receiver = way
    return {
        "id": name(agency, "eml", kind, number),
        "emailId": f"{hex_id(agency.params, f'salesforge header {kind}', number, 24)}@mail.example",
        "subject": subject,
        "content": body,
        "date": iso(at),
        "type": kind,
        "fromAddress": sender,
        "toAddress": receiver,
        "tos": [receiver],
        "ccs": [],
        "bccs": [],
        "attachments": [],
    }


def mailbox(view: View, item: Campaign, address: str) -> Json:
    """Return a mailbox."""
    first, last = view.agency.params.profiles[item.client].sender
    return {
        "id": mailbox_id(view.agency, address),
        "address": address,
        "firstName": first,
        "lastName": last,
        "mailboxProvider": "gmail",
        "status": "active",
        "disconnectReason": "",
        "dailyEmailLimit": 30,
        "signature": "",
        "trackingDomain": "",
    }


def days(view: View, item: Campaign, first: str, last: str) -> Json:
    """Return a sequence's figures as a map of days, and their sums."""
    found: dict[str, Json] = {}

    def count(at: datetime, *names: str) -> None:
        day = at.date().isoformat()
        if first <= day <= last:
            empty = dict.fromkeys(
                ("sent", "replied", "totalOpened", "uniqueOpened", "totalClicked", "uniqueClicked"), 0
            )
            row = found.setdefault(day, empty)
            for text in names:
                row[text] += 1

    for _, message in view.campaign_messages(item.id):
        count(message.sent_at, "sent")
        for number, (at, _) in enumerate(view.opens(message)):
            count(at, "totalOpened", *(["uniqueOpened"] if number == 0 else []))
        for number, (at, _) in enumerate(view.clicks(message)):
            count(at, "totalClicked", *(["uniqueClicked"] if number == 0 else []))
    for enrolment in view.campaign_enrolments(item.id):
        for reply in view.replies(enrolment):
            count(reply.received_at, "replied")
    return {"days": dict(sorted(found.items())), "stats": {"contacted": len(found)}}
