"""The agency as it stands at one moment: what exists by then, indexed for the servers."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cached_property
from html import unescape
from uuid import UUID

from sandbox.mails import fill_in
from sandbox.model import Agency, Campaign, CrmRecord, Enrolment, Message, Person, Reply
from sandbox.people import hex_id
from sandbox.texts import Setting, compose, wording

_TAG = re.compile(r"<[^>]+>")


class View:
    """A read-only view of `agency` at `as_of` (UTC): a pure function of both."""

    def __init__(self, agency: Agency, as_of: datetime) -> None:
        """Look at `agency` as it is at `as_of`; nothing is computed before it is asked for."""
        self.agency = agency
        self.as_of = as_of
        self._campaign_enrolments: dict[int, list[Enrolment]] = {}
        self._campaign_messages: dict[int, list[tuple[Enrolment, Message]]] = {}

    @cached_property
    def apollo_people(self) -> list[Person]:
        """People whom Apollo knows by now, whoever's ideal customers they are (also nobody's)."""
        return [p for p in self.agency.people if p.in_apollo and p.jobs[0].known_at <= self.as_of]

    @cached_property
    def campaigns(self) -> list[Campaign]:
        """Campaigns created by now."""
        return [campaign for campaign in self.agency.campaigns if campaign.created_at <= self.as_of]

    @cached_property
    def enrolments(self) -> list[Enrolment]:
        """Enrolments made by now."""
        return [enrolment for enrolment in self.agency.enrolments if enrolment.added_at <= self.as_of]

    @cached_property
    def records(self) -> list[CrmRecord]:
        """CRM records created by now, archived and merged ones included."""
        return [record for record in self.agency.crm if record.created_at <= self.as_of]

    def campaign_enrolments(self, campaign_id: int) -> list[Enrolment]:
        """Return a campaign's enrolments so far, oldest first."""
        if campaign_id not in self._campaign_enrolments:
            every = self.agency.enrolments_by_campaign[campaign_id]
            self._campaign_enrolments[campaign_id] = [e for e in every if e.added_at <= self.as_of]
        return self._campaign_enrolments[campaign_id]

    def campaign_messages(self, campaign_id: int) -> list[tuple[Enrolment, Message]]:
        """Return a campaign's messages that the statistics show so far, by time sent."""
        if campaign_id not in self._campaign_messages:
            pairs = [
                (enrolment, message)
                for enrolment in self.campaign_enrolments(campaign_id)
                for message in self.messages(enrolment)
            ]
            pairs.sort(key=lambda pair: (pair[1].sent_at, pair[0].index))
            self._campaign_messages[campaign_id] = pairs
        return self._campaign_messages[campaign_id]

    def messages(self, enrolment: Enrolment) -> list[Message]:
        """Return the enrolment's messages that are known so far, first step first."""
        return [message for message in enrolment.messages if message.known_at <= self.as_of]

    def replies(self, enrolment: Enrolment) -> list[Reply]:
        """Return the enrolment's replies that are known so far, oldest first."""
        known = [reply for reply in enrolment.replies if reply.known_at <= self.as_of]
        return sorted(known, key=lambda reply: reply.received_at)

    def opens(self, message: Message) -> list[tuple[datetime, bool]]:
        """Return (when, by a machine) of the opens so far."""
        return [opened for opened in message.opens if opened[0] <= self.as_of]

    def clicks(self, message: Message) -> list[tuple[datetime, bool]]:
        """Return (when, by a machine) of the clicks so far."""
        return [clicked for clicked in message.clicks if clicked[0] <= self.as_of]

    def is_bounced(self, message: Message) -> bool:
        """Whether a bounce of the message is known."""
        return message.bounced_at is not None and message.bounced_at <= self.as_of

    def is_unsubscribed(self, message: Message) -> bool:
        """Whether the recipient left through this message's link so far."""
        return message.unsubscribed_at is not None and message.unsubscribed_at <= self.as_of

    def status(self, enrolment: Enrolment) -> str:
        """Return Smartlead's status of the lead in the campaign."""
        messages = self.messages(enrolment)
        if any((self.is_bounced(m) and m.bounce == "hard") or self.is_unsubscribed(m) for m in messages):
            return "BLOCKED"
        if enrolment.completed_at is not None and enrolment.completed_at <= self.as_of:
            return "COMPLETED"
        if any(
            r.intent not in ("out_of_office", "auto_reply", "bounce_notice") for r in self.replies(enrolment)
        ):
            return "STOPPED"
        return "INPROGRESS" if messages else "STARTED"

    def subject_and_body(self, enrolment: Enrolment, message: Message) -> tuple[str, str]:
        """Return the message as sent; follow-ups stand in the thread of the first step."""
        campaign = self.agency.campaign_by_id[enrolment.campaign]
        person = self.agency.people[enrolment.person]
        company = self.agency.companies[person.job_at(enrolment.added_at).company]
        first = campaign.steps[0].templates[message.variant]
        step = campaign.steps[message.step - 1]
        template = step.templates[message.variant if len(step.templates) > 1 else 0]
        subject = template.subject or f"Re: {first.subject}"
        return fill_in(subject, person, company), fill_in(template.body, person, company)

    def reply_body(self, enrolment: Enrolment, reply: Reply) -> str:
        """Return the reply as received (HTML or plain text)."""
        return compose(self._setting(enrolment, reply))

    def reply_wording(self, enrolment: Enrolment, reply: Reply) -> str:
        """Return what the person says in a reply, without greeting, signature or history."""
        return wording(self._setting(enrolment, reply))

    def _setting(self, enrolment: Enrolment, reply: Reply) -> Setting:
        campaign = self.agency.campaign_by_id[enrolment.campaign]
        person = self.agency.people[enrolment.person]
        job = person.job_at(enrolment.added_at)
        message = enrolment.messages[reply.step - 1]
        profile = self.agency.params.profiles[campaign.client]
        kind: str = reply.intent
        if kind == "question":
            kind = "positive_question" if reply.is_positive else "other_question"
        elif kind == "bounce_notice" and message.bounce == "soft":
            kind = "soft_bounce_notice"
        _, body = self.subject_and_body(enrolment, message)
        return Setting(
            kind=kind,
            objection_type=reply.objection_type,
            style=reply.style,
            first_name=person.first_name,
            last_name=person.last_name,
            title=job.title,
            company=self.agency.companies[job.company].name,
            email=enrolment.email,
            sender=profile.sender[0],
            sender_email=enrolment.mailbox,
            sent_at=message.sent_at,
            quoted=unescape(_TAG.sub("", body.replace("</div>", "\n"))).strip(),
            return_on=reply.return_on,
        )

    def reply_sender(self, enrolment: Enrolment, reply: Reply) -> str:
        """Return the address that a reply comes from, which need not be the one written to."""
        person = self.agency.people[enrolment.person]
        if reply.intent == "bounce_notice":
            return f"mailer-daemon@{enrolment.email.lower().partition('@')[2]}"
        known = person.jobs[0].email
        # people with two addresses write from the one that the campaign does not know
        return known if known and known != person.lead_email else enrolment.email

    def stats_id(self, message: Message) -> str:
        """Return the UUID under which Smartlead keeps the message."""
        number = message.enrolment * 10 + message.step
        return str(UUID(hex_id(self.agency.params, "stats", number, 32), version=4))

    def has_unsubscribed(self, enrolment: Enrolment) -> bool:
        """Whether the lead has left through a link of this campaign."""
        return any(self.is_unsubscribed(message) for message in self.messages(enrolment))
