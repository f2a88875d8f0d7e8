"""How meetings and deals go: the changes that their CRM records see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sandbox.model import Change, Company, iso
from sandbox.profiles import ClientProfile

STAGES = (
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
)
"""Open stages of HubSpot's default deal pipeline, in order."""

CANONICAL_STAGES: dict[str, str] = {
    "appointmentscheduled": "qualification",
    "qualifiedtobuy": "qualification",
    "presentationscheduled": "proposal",
    "decisionmakerboughtin": "verbal_commit",
    "contractsent": "contract_sent",
    "closedwon": "closed_won",
    "closedlost": "closed_lost",
}
"""What the stages mean in Winnow's terms."""

LOST_REASONS = ("Price too high", "Chose a competitor", "No budget this year", "Went silent", "Bad timing")
WIN_RATE = 0.45


@dataclass(frozen=True)
class DealPlan:
    """The whole life of one deal. demo_at: when a demo was booked for it, if one was."""

    changes: tuple[Change, ...]
    archived_at: datetime | None
    demo_at: datetime | None


def meeting_changes(
    rng: Random, earliest: datetime, title: str, owner: str, time_zone: str
) -> tuple[tuple[Change, ...], datetime | None]:
    """Return a meeting's changes and when it was over (None: it did not take place).

    Some meetings are moved once; some are entered into the CRM only after they took place.
    """
    booked_at = earliest + timedelta(minutes=rng.randrange(20, 1800))
    starts_at = _office_hour(rng, booked_at + timedelta(days=rng.randrange(1, 6)), time_zone)
    values = {"hs_meeting_title": title, "hubspot_owner_id": owner, "hs_meeting_outcome": "SCHEDULED"}
    changes = [Change(booked_at, {**values, **_times(starts_at)})]
    draw = rng.random()
    if draw < 0.08:
        moved_at = starts_at - timedelta(hours=3)
        starts_at = _office_hour(rng, starts_at + timedelta(days=rng.randrange(1, 4)), time_zone)
        changes.append(Change(moved_at, {"hs_meeting_outcome": "RESCHEDULED", **_times(starts_at)}))
    over_at = starts_at + timedelta(minutes=30)
    noted_at = over_at + timedelta(minutes=rng.randrange(5, 2000))
    outcome = rng.choices(("COMPLETED", "NO_SHOW", "CANCELED"), (82, 11, 7))[0]
    if 0.08 <= draw < 0.12 and outcome == "COMPLETED":
        return (Change(noted_at, {**values, **_times(starts_at), "hs_meeting_outcome": outcome}),), noted_at
    changes.append(Change(noted_at, {"hs_meeting_outcome": outcome}))
    return tuple(changes), noted_at if outcome == "COMPLETED" else None


def make_deal_plan(
    rng: Random, profile: ClientProfile, company: Company, owner: str, opened_at: datetime
) -> DealPlan:
    """Decide a deal's path: stage by stage, now and then one back, until won, lost or deleted."""
    amount = rng.randrange(*profile.price, 50)
    is_won = rng.random() < WIN_RATE
    last = len(STAGES) if is_won else rng.randrange(1, len(STAGES) + 1)
    path = list(STAGES[:last])
    if last > 2 and rng.random() < 0.08:
        path.insert(2, path[0])
    at = opened_at
    first: dict[str, str | None] = {
        "dealname": f"{company.name} – {profile.offer}",
        "pipeline": "default",
        "dealstage": path[0],
        "amount": str(amount),
        "deal_currency_code": profile.currency,
        "closedate": iso(opened_at + timedelta(days=45)),
        "hubspot_owner_id": owner,
        "closed_lost_reason": None,
    }
    changes = [Change(at, first)]
    demo_at = None
    for stage in path[1:]:
        at += _gap(rng)
        values: dict[str, str | None] = {"dealstage": stage}
        if stage == "decisionmakerboughtin" and rng.random() < 0.4:
            values["amount"] = f"{amount * rng.choice((0.8, 0.9, 1.25)):.2f}"
        if stage == "presentationscheduled" and demo_at is None and rng.random() < 0.6:
            demo_at = at
        changes.append(Change(at, values))
    at += _gap(rng)
    reason = None if is_won else rng.choice(LOST_REASONS)
    end = {
        "dealstage": "closedwon" if is_won else "closedlost",
        "closedate": iso(at),
        "closed_lost_reason": reason,
    }
    changes.append(Change(at, end))
    if rng.random() < 0.06:
        archived_at = opened_at + timedelta(days=rng.randrange(1, 9), hours=2)
        return DealPlan(tuple(c for c in changes if c.at < archived_at), archived_at, None)
    return DealPlan(tuple(changes), None, demo_at)


def _gap(rng: Random) -> timedelta:
    return timedelta(days=rng.randrange(1, 5), seconds=rng.randrange(36_000))


def _times(starts_at: datetime) -> dict[str, str | None]:
    ends_at = starts_at + timedelta(minutes=30)
    return {
        "hs_meeting_start_time": iso(starts_at),
        "hs_meeting_end_time": iso(ends_at),
        "hs_timestamp": iso(starts_at),
    }


def _office_hour(rng: Random, day: datetime, time_zone: str) -> datetime:
    """Return a half hour between 9 and 17 of a working day there, on `day` or soon after, in UTC."""
    zone = ZoneInfo(time_zone)
    local = day.astimezone(zone)
    while local.weekday() > 4:
        local += timedelta(days=1)
    hour, minute = rng.randrange(9, 17), rng.choice((0, 30))
    chosen = datetime(local.year, local.month, local.day, hour, minute, tzinfo=zone).astimezone(UTC)
    return chosen if chosen > day else chosen + timedelta(days=1)
