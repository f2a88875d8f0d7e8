"""Campaigns, leads, statistics and conversations as Smartlead writes them: totals are strings."""

from __future__ import annotations

from datetime import datetime

from sandbox.model import Agency, Campaign, Enrolment, Json, Message, Reply, Step, iso
from sandbox.people import hex_id
from sandbox.view import View

CATEGORY_IDS: dict[str, int] = {
    "Interested": 1,
    "Meeting Request": 2,
    "Not Interested": 3,
    "Do Not Contact": 4,
    "Information Request": 5,
    "Out Of Office": 6,
    "Wrong Person": 7,
    "Uncategorizable by AI": 8,
}
"""Smartlead's standard lead categories."""

PASSWORD = "planted-password"
"""What every password and token of a mailbox begins with: it must never be found in a warehouse."""


def campaign(view: View, item: Campaign) -> Json:
    """Return the campaign; drafted until it starts."""
    is_running = item.started_at <= view.as_of
    return {
        "id": item.id,
        "user_id": 59_646,
        "created_at": iso(item.created_at),
        "updated_at": iso(item.started_at if is_running else item.created_at),
        "status": "ACTIVE" if is_running else "DRAFTED",
        "name": item.name,
        "track_settings": [] if item.is_tracked else ["DONT_TRACK_EMAIL_OPEN", "DONT_TRACK_LINK_CLICK"],
        "scheduler_cron_value": _schedule(view, item),
        "min_time_btwn_emails": 20,
        "max_leads_per_day": 100,
        "stop_lead_settings": "REPLY_TO_AN_EMAIL",
        "enable_ai_esp_matching": False,
        "send_as_plain_text": False,
        "follow_up_percentage": 100,
        "unsubscribe_text": None,
        "parent_campaign_id": None,
        "client_id": item.provider_client_id,
    }


def _schedule(view: View, item: Campaign) -> Json:
    zone = view.agency.params.profiles[item.client].time_zone
    return {"tz": zone, "days": [1, 2, 3, 4, 5], "endHour": "16:30", "startHour": "08:30"}


def step(item: Campaign, part: Step) -> Json:
    """Return a step of the sequence with its variants; a step without variants carries its own text."""
    has_variants = len(part.templates) > 1
    created = iso(item.created_at)
    return {
        "id": part.id,
        "created_at": created,
        "updated_at": created,
        "email_campaign_id": item.id,
        "seq_number": part.number,
        "seq_delay_details": {"delayInDays": part.wait_days},
        "subject": "" if has_variants else part.templates[0].subject,
        "email_body": "" if has_variants else part.templates[0].body,
        "sequence_variants": [
            {
                "id": template.variant_id,
                "created_at": created.replace("Z", "000+00:00"),
                "updated_at": created.replace("Z", "000+00:00"),
                "is_deleted": False,
                "subject": template.subject,
                "email_body": template.body,
                "email_campaign_seq_id": part.id,
                "variant_label": template.label,
            }
            for template in part.templates
            if has_variants
        ],
    }


def category_name(view: View, enrolment: Enrolment) -> str | None:
    """Return the label that the lead carries by now."""
    if enrolment.category_at is None or enrolment.category_at > view.as_of:
        return None
    return enrolment.category


def category_id(view: View, enrolment: Enrolment) -> int | None:
    """Return the number of the lead's label, or None."""
    name = category_name(view, enrolment)
    return CATEGORY_IDS[name] if name else None


def campaign_lead(view: View, enrolment: Enrolment) -> Json:
    """Return the lead as the campaign's list of leads shows it."""
    person = view.agency.people[enrolment.person]
    job = person.job_at(enrolment.added_at)
    company = view.agency.companies[job.company]
    fields = {"job_title": job.title, "industry": company.industry} if job.title else {}
    return {
        "campaign_lead_map_id": enrolment.map_id,
        "lead_category_id": category_id(view, enrolment),
        "status": view.status(enrolment),
        "created_at": iso(enrolment.added_at),
        "lead": {
            "id": enrolment.lead_id,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "email": enrolment.email,
            "phone_number": person.phone,
            "company_name": company.name,
            "website": f"https://www.{company.domain}",
            "location": f"{company.city}, {company.country}",
            "linkedin_profile": person.linkedin,
            "company_url": f"https://www.{company.domain}",
            "custom_fields": fields,
            "is_unsubscribed": view.has_unsubscribed(enrolment),
            "unsubscribed_client_id_map": None,
        },
    }


def stamped_replies(view: View, enrolment: Enrolment, message: Message) -> list[Reply]:
    """Return the replies whose time stands on the message's row: its own, and those stamped on all rows."""
    return [
        reply
        for reply in view.replies(enrolment)
        if reply.step == message.step or (reply.stamps_all and reply.step > message.step)
    ]


def reply_time(view: View, enrolment: Enrolment, message: Message) -> datetime | None:
    """Return the latest reply's time that stands on the message's row."""
    return max((reply.received_at for reply in stamped_replies(view, enrolment, message)), default=None)


def last_event_at(view: View, enrolment: Enrolment) -> datetime:
    """Return when something last happened to the lead in the campaign."""
    times = [enrolment.added_at]
    for message in view.messages(enrolment):
        times += [message.sent_at, *(at for at, _ in (*view.opens(message), *view.clicks(message)))]
    return max([*times, *(reply.received_at for reply in view.replies(enrolment))])


def statistic(view: View, enrolment: Enrolment, message: Message) -> Json:
    """Return the statistics row of one e-mail; it changes with every open, click, reply and bounce."""
    item = view.agency.campaign_by_id[enrolment.campaign]
    part = item.steps[message.step - 1]
    template = part.templates[message.variant if len(part.templates) > 1 else 0]
    person = view.agency.people[enrolment.person]
    subject, body = view.subject_and_body(enrolment, message)
    opens, clicks = view.opens(message), view.clicks(message)
    replied_at = reply_time(view, enrolment, message)
    own = [reply for reply in view.replies(enrolment) if reply.step == message.step]
    return {
        "lead_name": " ".join(filter(None, (person.first_name, person.last_name))),
        "lead_email": enrolment.email,
        "lead_category": category_name(view, enrolment),
        "sequence_number": message.step,
        "stats_id": view.stats_id(message),
        "email_campaign_seq_id": part.id,
        "seq_variant_id": template.variant_id,
        "email_subject": subject,
        "email_message": body,
        "sent_time": iso(message.sent_at),
        "open_time": iso(opens[0][0]) if opens else None,
        "click_time": iso(clicks[0][0]) if clicks else None,
        "reply_time": iso(replied_at) if replied_at else None,
        "open_count": len(opens),
        "click_count": len(clicks),
        "is_unsubscribed": view.is_unsubscribed(message),
        "is_bounced": view.is_bounced(message),
        "ignore_reply": bool(own) and all(reply.intent == "out_of_office" for reply in own),
    }


def history(view: View, enrolment: Enrolment, since: datetime | None = None) -> list[Json]:
    """Return what was sent to the lead and what came back, in order, after `since` if given."""
    entries: list[tuple[datetime, Json]] = []
    for message in view.messages(enrolment):
        entries.append((message.sent_at, _sent(view, enrolment, message)))
    for reply in view.replies(enrolment):
        entries.append((reply.received_at, _reply(view, enrolment, reply)))
    entries.sort(key=lambda entry: entry[0])
    return [entry for at, entry in entries if since is None or at > since]


def _sent(view: View, enrolment: Enrolment, message: Message) -> Json:
    subject, body = view.subject_and_body(enrolment, message)
    stats_id = view.stats_id(message)
    first, _, rest = stats_id.partition("-")
    return {
        "stats_id": stats_id,
        "from": enrolment.mailbox,
        "to": enrolment.email,
        "type": "SENT",
        "message_id": f"<{first}-sl71-{rest}@{enrolment.mailbox.partition('@')[2]}>",
        "time": iso(message.sent_at),
        "email_body": body,
        "subject": subject,
        "email_seq_number": str(message.step),
        "open_count": len(view.opens(message)),
        "click_count": len(view.clicks(message)),
        "click_details": {},
    }


def _reply(view: View, enrolment: Enrolment, reply: Reply) -> Json:
    message = enrolment.messages[reply.step - 1]
    domain = enrolment.email.lower().partition("@")[2]
    token = hex_id(
        view.agency.params, f"reply {reply.intent} {reply.received_at:%Y%m%d%H%M%S}", enrolment.index, 28
    )
    return {
        "stats_id": view.stats_id(message),
        "from": view.reply_sender(enrolment, reply),
        "to": enrolment.mailbox,
        "type": "REPLY",
        "message_id": f"<CA{token}@mail.{domain}>",
        "time": iso(reply.received_at),
        "email_body": view.reply_body(enrolment, reply),
        "email_seq_number": str(reply.step),
        "cc": [],
    }


def mailbox_id(agency: Agency, address: str) -> int:
    """Return the number of a mailbox, whichever campaigns it sends."""
    every = sorted({box for item in agency.campaigns for box in item.mailboxes})
    return 5_352_520 + every.index(address)


def mailboxes(view: View, account: str) -> list[Json]:
    """Return the workspace's mailboxes as Smartlead lists them: with the passwords in plain sight."""
    sending: dict[str, list[Campaign]] = {}
    for item in view.campaigns:
        if (item.provider, item.account) == ("smartlead", account):
            for address in item.mailboxes:
                sending.setdefault(address, []).append(item)
    return [_mailbox(view, address, sending[address]) for address in sorted(sending)]


def _mailbox(view: View, address: str, campaigns: list[Campaign]) -> Json:
    number = mailbox_id(view.agency, address)
    created = iso(min(item.created_at for item in campaigns))
    day = view.as_of.date()
    sent = [
        message.sent_at.date()
        for item in campaigns
        for enrolment, message in view.campaign_messages(item.id)
        if enrolment.mailbox == address
    ]
    warmup = {
        "id": number + 1_000,
        "status": "ACTIVE",
        "created_at": created,
        "reply_rate": 15,
        "warmup_key_id": f"apple-keyes-{number}",
        "blocked_reason": None,
        "total_sent_count": 40 * (day - view.agency.params.start.date()).days,
        "total_spam_count": 2,
        "warmup_max_count": 30,
        "warmup_min_count": 10,
        "is_warmup_blocked": False,
        "max_email_per_day": 50,
        "warmup_reputation": "95%",
    }
    return {
        "id": number,
        "created_at": created,
        "updated_at": created,
        "user_id": 59_646,
        "from_name": view.agency.params.profiles[campaigns[0].client].sender[0],
        "from_email": address,
        "minTimeToWaitInMins": 5,
        "username": address,
        "password": f"{PASSWORD}-smtp-{number}",
        "smtp_host": "smtp.example",
        "smtp_port": 587,
        "smtp_port_type": "TLS",
        "message_per_day": 50,
        "different_reply_to_address": None,
        "is_different_imap_account": True,
        "imap_username": address,
        "imap_password": f"{PASSWORD}-imap-{number}",
        "imap_host": "imap.example",
        "imap_port": 993,
        "imap_port_type": "SSL",
        "token": {"access_token": f"{PASSWORD}-access-{number}", "refreshToken": f"{PASSWORD}-{number}"},
        "signature": None,
        "custom_tracking_domain": None,
        "bcc_email": None,
        "is_smtp_success": True,
        "is_imap_success": True,
        "smtp_failure_error": None,
        "imap_failure_error": None,
        "type": "SMTP",
        "daily_sent_count": sent.count(day),
        "client_id": campaigns[0].provider_client_id,
        "campaign_count": len(campaigns),
        "warmup_details": warmup,
    }


def inbox_row(view: View, enrolment: Enrolment, with_history: bool) -> Json:
    """Return the conversation as the master inbox lists it."""
    item = view.agency.campaign_by_id[enrolment.campaign]
    person = view.agency.people[enrolment.person]
    messages = view.messages(enrolment)
    row: Json = {
        "lead_category_id": category_id(view, enrolment),
        "last_sent_time": iso(messages[-1].sent_at) if messages else None,
        "last_reply_time": iso(view.replies(enrolment)[-1].received_at),
        "has_new_unread_email": category_id(view, enrolment) is None,
        "email_account_id": mailbox_id(view.agency, enrolment.mailbox),
        "revenue": "0.00",
        "is_pushed_to_sub_sequence": False,
        "lead_first_name": person.first_name,
        "lead_last_name": person.last_name,
        "lead_email": enrolment.email,
        "email_lead_id": str(enrolment.lead_id),
        "email_lead_map_id": str(enrolment.map_id),
        "lead_status": view.status(enrolment),
        "current_sequence_number": len(messages),
        "sub_sequence_id": None,
        "old_replaced_lead_data": None,
        "lead_next_timestamp_to_send": None,
        "email_campaign_seq_id": None,
        "is_important": False,
        "is_archived": False,
        "is_snoozed": False,
        "team_member_id": None,
        "is_ooo_automated_push_lead": None,
        "email_campaign_id": item.id,
        "email_campaign_name": item.name,
        "client_id": item.provider_client_id,
        "belongs_to_sub_sequence": False,
        "campaign_sending_schedule": _schedule(view, item),
    }
    if with_history:
        row["email_history"] = history(view, enrolment)
    return row


def analytics(view: View, item: Campaign) -> Json:
    """Return the campaign's totals, which are strings, and its leads by status, which are numbers."""
    pairs = view.campaign_messages(item.id)
    enrolments = view.campaign_enrolments(item.id)
    statuses = [view.status(enrolment) for enrolment in enrolments]
    opened = [(e, len(view.opens(m))) for e, m in pairs]
    clicked = [(e, len(view.clicks(m))) for e, m in pairs]
    counts = {
        "sent_count": len(pairs),
        "unique_sent_count": len({enrolment.index for enrolment, _ in pairs}),
        "open_count": sum(count for _, count in opened),
        "unique_open_count": len({enrolment.index for enrolment, count in opened if count}),
        "click_count": sum(count for _, count in clicked),
        "unique_click_count": len({enrolment.index for enrolment, count in clicked if count}),
        "reply_count": sum(bool(view.replies(enrolment)) for enrolment in enrolments),
        "block_count": statuses.count("BLOCKED"),
        "total_count": len(enrolments),
        "drafted_count": 0,
        "bounce_count": sum(view.is_bounced(message) for _, message in pairs),
        "unsubscribed_count": sum(view.is_unsubscribed(message) for _, message in pairs),
    }
    return {
        "id": item.id,
        "user_id": 59_646,
        "created_at": iso(item.created_at),
        "status": "ACTIVE" if item.started_at <= view.as_of else "DRAFTED",
        "name": item.name,
        **{name: str(count) for name, count in counts.items()},
        "campaign_lead_stats": {
            "total": len(enrolments),
            "notStarted": statuses.count("STARTED"),
            "inprogress": statuses.count("INPROGRESS"),
            "paused": 0,
            "completed": statuses.count("COMPLETED"),
            "stopped": statuses.count("STOPPED"),
            "blocked": statuses.count("BLOCKED"),
            "interested": sum(category_name(view, e) == "Interested" for e in enrolments),
        },
    }
