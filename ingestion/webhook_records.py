"""What each provider's webhooks say: from a body to one row an event, with a key that is always the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from ingestion.contracts import Column, Resource
from ingestion.instantly_records import event_key
from ingestion.normalise import email_key
from ingestion.values import Json, ValueRefusedError

Headers = Mapping[str, str]
Row = dict[str, Any]

WEBHOOKS = Resource(
    "webhooks",
    # one row a receipt: which of two copies came first must not depend on which was read first
    ("id", "received_at"),
    (
        Column("event_type", required=True),
        Column("id", required=True),
        Column("occurred_at", "timestamp"),
        Column("received_at", "timestamp"),
        Column("is_verified", "boolean"),
        Column("lead", "lead"),
        Column("campaign_id"),
        Column("provider_client_id"),
        Column("message_id"),
        Column("reply_id"),
        Column("step_number", "integer"),
        Column("mailbox"),
        Column("from_email"),
        Column("subject"),
        Column("body"),
        Column("url"),
        Column("bounce_type"),
        Column("label"),
        Column("object_type"),
        Column("object_id"),
        Column("change", values=("created", "changed", "deleted", "merged", "restored")),
        Column("payload", "json"),
    ),
)
"""The same for every provider. message_id: the message that an event is about, as the provider names it.

reply_id: of an inbound message. change: what happened to the CRM record object_type, object_id.
"""

SECRETS = frozenset({"secret_key", "webhook_url"})
"""Fields that may hold a secret; they never land."""


def without_secrets(value: Json) -> Json:
    """Return a body without the fields that may hold a secret."""
    if isinstance(value, dict):
        return {k: without_secrets(v) for k, v in value.items() if str(k).lower() not in SECRETS}
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


def parts(source: str, body: Json) -> list[Json]:
    """Return the events in a body; raises ValueRefusedError where it is of another form."""
    if source == "hubspot":
        if not isinstance(body, list):
            raise ValueRefusedError("expected a list of events, as HubSpot sends them")
        return body
    return _people(body) if source == "apollo" else [body]


def row(source: str, part: Json, headers: Headers) -> Row:
    """Return one event as a row of WEBHOOKS; raises ValueRefusedError."""
    return {"payload": part, **READERS[source](part, headers)}


def _smartlead(body: Json, headers: Headers) -> Row:
    """Of one and the same event there are shorter and longer forms; from_email is our own mailbox."""
    event = _object(body, "event_type")
    kind = str(event["event_type"])
    reply, other = _part(event, "reply_message"), _part(event, "leadCorrespondence")
    is_reply = kind in ("EMAIL_REPLY", "UNTRACKED_REPLIES")
    lead = _first(
        event, "sl_lead_email", "lead_email", *(() if kind == "UNTRACKED_REPLIES" else ("to_email", "to"))
    )
    at = _first(
        event, "event_timestamp", "time_sent", "time_opened", "time_clicked", "time_replied", "time_bounced"
    )
    links = event.get("link_clicked") or event.get("link_details")
    url = next((link for link in links if isinstance(link, str)), None) if isinstance(links, list) else links
    about = [_text(event.get("stats_id"))]
    if about == [None]:
        about = [_text(event.get("campaign_id")), _text(lead), _text(event.get("sequence_number"))]
    if at is None:
        # nothing says when: copies are told by the request, else by what they say
        said = event.get("lead_category_id") or event.get("category")
        about.append(headers.get("x-request-id") or _text(said))
    return {
        "event_type": kind,
        "id": _key(kind, about, at or reply.get("time"), url),
        "occurred_at": at or reply.get("time"),
        "lead": _address(lead),
        "campaign_id": event.get("campaign_id"),
        "provider_client_id": event.get("client_id"),
        "message_id": event.get("stats_id"),
        "reply_id": (reply.get("message_id") or event.get("message_id")) if is_reply else None,
        "step_number": event.get("sequence_number"),
        "mailbox": _first(event, "from_email", "from"),
        "from_email": _first(other, "replyReceivedFrom") or event.get("sender_detail") or lead
        if is_reply
        else None,
        "subject": event.get("subject") if is_reply else None,
        "body": _first(reply, "html", "text") or _first(event, "reply_body", "visible_text", "preview_text")
        if is_reply
        else None,
        "url": url if isinstance(url, str) else None,
        "bounce_type": event.get("bounce_type"),
        "label": event.get("category"),
    }


def _salesforge(body: Json, headers: Headers) -> Row:
    """An event's id stands in a header; without one it is known by e-mail, contact and time."""
    event = _object(body, "webhookInfo")
    info, mail = _part(event, "webhookInfo"), _part(event, "sequenceEmail")
    contact, sequence, box = _part(event, "contact"), _part(event, "sequence"), _part(event, "mailbox")
    kind, at = info.get("type"), info.get("eventTime")
    if not isinstance(kind, str) or not kind:
        raise ValueRefusedError("webhookInfo.type: is missing", "webhookInfo.type")
    sender = _address(mail.get("fromEmail"))
    # the e-mail of a reply is the reply itself, unless our own mailbox sent it
    is_inbound = kind == "email_replied" and sender is not None and email_key(sender) != _own(box)
    content = _part(mail, "content")
    steps = [
        part.get("step") for name, part in event.items() if name.endswith("Data") and isinstance(part, dict)
    ]
    about = (mail.get("emailId"), contact.get("id") or contact.get("email"), sequence.get("id"))
    return {
        "event_type": kind,
        "id": headers.get("x-salesforgeai-webhook-event-id") or _key(kind, about, at),
        "occurred_at": at,
        "lead": _address(contact.get("email")) or contact.get("id"),
        "campaign_id": sequence.get("id"),
        "provider_client_id": _part(event, "workspace").get("id"),
        "message_id": None if is_inbound else mail.get("emailId"),
        "reply_id": mail.get("emailId") if is_inbound else None,
        "step_number": next((step for step in steps if isinstance(step, int)), None),
        "mailbox": box.get("email"),
        "from_email": sender if is_inbound else None,
        "subject": mail.get("subject") if is_inbound else None,
        "body": _first(content, "html", "text") if is_inbound else None,
    }


def _instantly(body: Json, headers: Headers) -> Row:
    """The log of deliveries holds the same bodies, so that an event's key is made in one place."""
    event = _object(body, "event_type")
    if not event.get("timestamp"):
        raise ValueRefusedError("timestamp: is missing", "timestamp")
    is_reply = event["event_type"] in ("reply_received", "auto_reply_received")
    lead = _first(event, "lead_email", "email")
    return {
        "event_type": event["event_type"],
        "id": event_key(event),
        "occurred_at": event["timestamp"],
        "lead": _address(lead),
        "campaign_id": event.get("campaign_id"),
        "provider_client_id": event.get("workspace"),
        "message_id": None if is_reply else event.get("email_id"),
        "reply_id": event.get("email_id") if is_reply else None,
        "step_number": event.get("step"),
        "mailbox": event.get("email_account"),
        "from_email": lead if is_reply else None,
        "subject": event.get("reply_subject") if is_reply else None,
        "body": _first(event, "reply_html", "reply_text", "reply_text_snippet") if is_reply else None,
    }


HUBSPOT_CHANGES = {
    "creation": "created",
    "propertyChange": "changed",
    "associationChange": "changed",
    "deletion": "deleted",
    "privacyDeletion": "deleted",
    "merge": "merged",
    "restore": "restored",
}
HUBSPOT_TYPES = {"0-1": "contact", "0-2": "company", "0-3": "deal", "0-47": "meeting"}


def _hubspot(body: Json, headers: Headers) -> Row:
    """An event's number alone is not always its own."""
    event = _object(body, "subscriptionType")
    kind = str(event["subscriptionType"])
    what, _, verb = kind.rpartition(".")
    merged = event.get("mergedObjectIds")
    own = [event.get(name) for name in ("eventId", "subscriptionId", "objectId", "occurredAt")]
    if own[0] is None or own[3] is None:
        raise ValueRefusedError("eventId and occurredAt: one is missing", "eventId")
    return {
        "event_type": kind,
        "id": ":".join("" if part is None else str(part) for part in own),
        "occurred_at": event["occurredAt"],
        "object_type": HUBSPOT_TYPES.get(str(event.get("objectTypeId")), what),
        "object_id": event.get("objectId") or event.get("primaryObjectId"),
        "change": HUBSPOT_CHANGES.get(verb),
        "label": ";".join(map(str, merged)) if isinstance(merged, list) else None,
    }


PIPEDRIVE_CHANGES = {
    "create": "created", "added": "created", "change": "changed", "updated": "changed",
    "delete": "deleted", "deleted": "deleted", "merged": "merged", "merge": "merged",
}  # fmt: skip


def _pipedrive(body: Json, headers: Headers) -> Row:
    """In version 2 `meta.id` is the event's id, in version 1 it is the record's."""
    event = _object(body, "meta")
    meta = _part(event, "meta")
    verb, is_old = meta.get("action"), "object" in meta
    what, number = (
        (meta.get("object"), meta.get("id")) if is_old else (meta.get("entity"), meta.get("entity_id"))
    )
    if not verb or not what or number is None:
        raise ValueRefusedError("meta: has no action, entity and id", "meta")
    at = meta.get("timestamp")
    own = _key(str(verb), (what, number), meta.get("timestamp_micro") or at) if is_old else meta.get("id")
    return {
        "event_type": f"{verb}.{what}",
        "id": own,
        "occurred_at": at,
        "object_type": what,
        "object_id": number,
        "change": PIPEDRIVE_CHANGES.get(str(verb)),
    }


def _people(body: Json) -> list[Json]:
    """Return the people of an answer to an enrichment that took its time, each with what is said of all."""
    answer = body if isinstance(body, dict) else {}
    result = _part(answer, "webhook_result") or answer
    people = result.get("people")
    if not isinstance(people, list):
        raise ValueRefusedError("people: is missing", "people")
    beside = {
        "request_id": answer.get("request_id") or result.get("request_id"),
        "request_type": answer.get("request_type"),
        "at": answer.get("last_dispatched_at") or result.get("request_completed"),
    }
    return [{**beside, "person": person} for person in people]


def _apollo(body: Json, headers: Headers) -> Row:
    """One person of an answer; the same answer may come again."""
    person = _object(body["person"], "id")
    request = body["request_id"]
    return {
        "event_type": body["request_type"] or "enrichment",
        "id": f"{request}:{person['id']}" if request else _key("enrichment", person, None),
        "occurred_at": body["at"],
        "object_type": "person",
        "object_id": person["id"],
        "payload": person,
    }


READERS: dict[str, Callable[[Json, Headers], Row]] = {
    "apollo": _apollo,
    "smartlead": _smartlead,
    "instantly": _instantly,
    "salesforge": _salesforge,
    "hubspot": _hubspot,
    "pipedrive": _pipedrive,
}
"""The providers that send webhooks."""


KNOWN_TYPES = {
    "smartlead": (
        "EMAIL_SENT", "FIRST_EMAIL_SENT", "EMAIL_OPEN", "EMAIL_LINK_CLICK", "EMAIL_REPLY", "EMAIL_BOUNCE",
        "LEAD_UNSUBSCRIBED", "LEAD_CATEGORY_UPDATED", "CAMPAIGN_STATUS_CHANGED", "UNTRACKED_REPLIES",
        "MANUAL_STEP_REACHED", "EMAIL_ACCOUNT_DISCONNECTED", "LINKEDIN_DISCONNECTED",
    ),
    "salesforge": (
        "email_sent", "email_opened", "link_clicked", "email_replied", "linkedin_replied",
        "contact_unsubscribed", "email_bounced", "positive_reply", "negative_reply", "label_changed",
        "dnc_added", "meeting_booked", "meeting_completed",
    ),
    "instantly": (
        "email_sent", "email_opened", "reply_received", "auto_reply_received", "link_clicked",
        "email_link_clicked", "email_bounced", "lead_unsubscribed", "account_error", "campaign_completed",
        "lead_neutral", "lead_interested", "lead_not_interested", "lead_meeting_booked",
        "lead_meeting_completed", "lead_closed", "lead_out_of_office", "lead_wrong_person", "lead_no_show",
        "supersearch_enrichment_completed",
    ),
}  # fmt: skip
"""The types that the senders document."""


def is_known(source: str, typed: Row) -> bool:
    """Say whether the provider documents an event's type; others land all the same."""
    if source in KNOWN_TYPES:
        kind = typed["event_type"]
        return kind in KNOWN_TYPES[source] or str(kind).startswith("linkedin_")
    return source == "apollo" or typed["change"] is not None


def _key(kind: str, about: Json, at: Json, *more: Json) -> str:
    """Return the same key for the same event, however often it came."""
    text = json.dumps([kind, about, at, *more], default=str, sort_keys=True)
    return f"{kind}:" + hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _object(value: Json, field: str) -> dict[str, Any]:
    """Return the object that has `field`; raises ValueRefusedError for anything else."""
    if not isinstance(value, dict):
        raise ValueRefusedError(f"expected an object, got {type(value).__name__}")
    if not value.get(field):
        raise ValueRefusedError(f"{field}: is missing", field)
    return value


def _part(value: Mapping[str, Json], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _first(value: Mapping[str, Json], *names: str) -> Json:
    return next((value[name] for name in names if value.get(name)), None)


def _text(value: Json) -> str | None:
    """Return an id as text; the same one comes as a number here and as text there."""
    return None if value is None else str(value).strip().lower()


def _address(value: Json) -> str | None:
    return value if isinstance(value, str) and email_key(value) else None


def _own(mailbox: Mapping[str, Json]) -> str | None:
    address = mailbox.get("email")
    return email_key(address) if isinstance(address, str) else None
