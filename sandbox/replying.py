"""Who answers, when, and with which intent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sandbox.model import Intent, Message, Person, Reply
from sandbox.texts import STYLES

POSITIVE: dict[Intent, int] = {"interested": 40, "meeting_request": 30, "question": 20, "referral": 10}
"""Weights of what a positive reply says; a positive question is about price, terms, product or dates."""

OTHER: dict[Intent, int] = {
    "not_interested": 34,
    "objection": 30,
    "unsubscribe": 12,
    "wrong_person": 10,
    "angry": 5,
    "unclear": 5,
    "question": 4,
}
"""Weights of what a human reply that is not positive says; such a question asks who we are."""

OBJECTIONS = ("timing", "budget", "competitor", "need", "authority")
STEP_SHARES = (50, 30, 20)

CATEGORY: dict[Intent, str] = {
    "interested": "Interested",
    "meeting_request": "Meeting Request",
    "question": "Information Request",
    "referral": "Interested",
    "objection": "Not Interested",
    "not_interested": "Not Interested",
    "unsubscribe": "Do Not Contact",
    "angry": "Do Not Contact",
    "wrong_person": "Wrong Person",
    "out_of_office": "Out Of Office",
    "unclear": "Uncategorizable by AI",
}
"""Smartlead's label of a lead whose first reply has the intent; automatic receipts get none."""


@dataclass(frozen=True)
class Plan:
    """What one enrolled person will do. step: the step answered (0 = none); away_step: the one met by an
    out-of-office reply (0 = none). is_late: answers weeks after the reply window, if at all."""

    step: int
    intent: Intent | None
    is_positive: bool
    objection_type: str | None
    is_late: bool
    away_step: int
    is_bad_address: bool
    is_ticket_system: bool


def make_plan(rng: Random, person: Person, chance: float) -> Plan:
    """Decide what a person will do; `chance` is that of a positive reply inside the window."""
    if person.kind == "role_mailbox":
        return Plan(0, None, False, None, False, 0, rng.random() < 0.03, rng.random() < 0.5)
    draw, other = rng.random(), rng.random()
    is_positive = draw < chance
    intent: Intent | None = None
    is_late = False
    if is_positive:
        intent = _pick(rng, POSITIVE)
    elif other < 0.07:
        intent = _pick(rng, OTHER)
    elif other < 0.075:
        intent, is_positive, is_late = "interested", True, True
    step = rng.choices((1, 2, 3), STEP_SHARES)[0] if intent else 0
    return Plan(
        step=3 if is_late else step,
        intent=intent,
        is_positive=is_positive,
        objection_type=rng.choice(OBJECTIONS) if intent == "objection" else None,
        is_late=is_late,
        away_step=rng.randrange(1, 3) if rng.random() < 0.045 else 0,
        is_bad_address=intent is None and rng.random() < 0.025,
        is_ticket_system=rng.random() < 0.006,
    )


def _pick(rng: Random, weights: dict[Intent, int]) -> Intent:
    return rng.choices(list(weights), list(weights.values()))[0]


def make_replies(rng: Random, plan: Plan, enrolment: int, message: Message, horizon: datetime) -> list[Reply]:
    """Return the replies to one message, earliest first; none after `horizon`."""
    replies: list[Reply] = []
    sent_at = message.sent_at

    def add(received_at: datetime, intent: Intent, is_positive: bool = False) -> None:
        late_hours = rng.randrange(20, 70) if rng.random() < 0.02 else 0
        away = (
            received_at.date() + timedelta(days=rng.randrange(2, 15)) if intent == "out_of_office" else None
        )
        reply = Reply(
            enrolment=enrolment,
            step=message.step,
            received_at=received_at,
            known_at=max(received_at, message.known_at) + timedelta(hours=late_hours),
            intent=intent,
            is_positive=is_positive,
            objection_type=plan.objection_type if intent == "objection" else None,
            is_late=plan.is_late and is_positive,
            style=rng.randrange(STYLES),
            return_on=away,
            stamps_all=rng.random() < 0.05,
        )
        if received_at < horizon:
            replies.append(reply)

    if message.bounce and message.bounced_at is not None:
        if rng.random() < 0.4:
            add(message.bounced_at + timedelta(seconds=2), "bounce_notice")
        if message.bounce == "hard":
            return replies
    if message.step == plan.away_step and message.bounce is None:
        add(sent_at + timedelta(seconds=rng.randrange(5, 240)), "out_of_office")
    if plan.is_ticket_system and message.step == 1:
        add(sent_at + timedelta(seconds=rng.randrange(10, 400)), "auto_reply")
    if message.step == plan.step and plan.intent is not None:
        received_at = sent_at + _delay(rng, plan)
        add(received_at, plan.intent, plan.is_positive)
        if plan.intent in ("interested", "question") and plan.is_positive and rng.random() < 0.3:
            add(received_at + timedelta(hours=rng.randrange(20, 60)), "meeting_request", True)
    return replies


def _delay(rng: Random, plan: Plan) -> timedelta:
    """Return how long a person takes: hours mostly, never more than six days; weeks for a late one."""
    if plan.is_late:
        return timedelta(days=rng.randrange(24, 40), seconds=rng.randrange(86_400))
    return timedelta(seconds=int(min(6 * 86_400, 240 + rng.lognormvariate(9.6, 1.2))))
