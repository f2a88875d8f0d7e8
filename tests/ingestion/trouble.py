"""The faults that every source is put through, and what each provider answers in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from warehouse import Warehouse

if TYPE_CHECKING:
    from sandbox import Fault

HTML = b"<!DOCTYPE html><html><body><h1>Attention Required! | Cloudflare</h1></body></html>"
BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

CLEAN, CAUGHT_UP, READ_BACK = "clean", "caught up", "read back"
"""What is expected: the load itself is whole; it fails and the next one is; or one since the beginning."""

Rows = list[Any]


@dataclass(frozen=True)
class Refusal:
    """What a provider answers instead of what it was asked for."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """Where a source is hit. path: of a list with several pages; sizes: that make it have them.

    cursors: fields by which the list at `cursors_path` is followed. events: where event names stand: the
    path, and the field. throttled, denied, quota: how the provider answers then.
    is_paid: asking again is billed again, so it is not done. otherwise: fault → what else becomes of it here.
    is_strict: an event of an unknown name is set aside.
    """

    source: str
    path: str
    sizes: Mapping[str, int]
    throttled: Refusal
    denied: Refusal
    quota: Refusal | None = None
    cursors: tuple[str, ...] = ()
    cursors_path: str = ""
    events: tuple[str, str] | None = None
    is_paid: bool = False
    is_strict: bool = False
    otherwise: Mapping[str, str] = field(default_factory=dict)


APOLLO_SEARCH = Target(
    "apollo",
    "mixed_people/api_search",
    {"apollo_search.PAGE": 7},
    Refusal(
        429,
        b'{"message": "{\\n    \\"message\\": \\"The maximum number of api calls allowed for'
        b' api/v1/mixed_people/api_search is 200 times per minute.\\"\\n}"}',
        {"retry-after": "41", "x-minute-requests-left": "0"},
    ),
    Refusal(401, b"Invalid API key. See https://docs.apollo.io/reference/authentication"),
    Refusal(
        429,
        b'{"message": "The maximum number of api calls allowed for api/v1/mixed_people/api_search is 6000'
        b' times per day."}',
        {"retry-after": "80000"},
    ),
    cursors=("last_refreshed_at",),
)
TARGETS = {
    "apollo": APOLLO_SEARCH,
    "apollo, buying": replace(APOLLO_SEARCH, path="people/bulk_match", is_paid=True, cursors=()),
    "smartlead": Target(
        "smartlead",
        "statistics",
        {"smartlead.STATISTICS_PAGE": 8, "smartlead.LEADS_PAGE": 8},
        Refusal(
            429,
            b'{"error": {"code": "RATE_LIMIT_EXCEEDED",'
            b' "message": "Too many requests. Please retry after 30 seconds.", "retry_after": 30}}',
        ),
        Refusal(401, b'{"message": "Invalid API Key"}'),
        cursors=("sent_time",),
        events=("message-history", "type"),
        is_strict=True,
    ),
    "instantly": Target(
        "instantly",
        "emails",
        {"instantly.PAGE": 8},
        Refusal(429, b'{"statusCode": 429, "error": "Too Many Requests", "message": "Rate limit exceeded"}'),
        Refusal(401, b'{"statusCode": 401, "error": "Unauthorized", "message": "Invalid API key"}'),
        cursors=("timestamp_created",),
        events=("webhook-events", "payload.event_type"),
    ),
    "salesforge": Target(
        "salesforge",
        "sending-data",
        {"salesforge.PAGE": 8},
        Refusal(429, b'{"message": "too many requests", "data": null}'),
        Refusal(401, b'{"message": "invalid api key"}'),
        cursors=("date",),
        cursors_path="threads",
    ),
    "hubspot": Target(
        "hubspot",
        "contacts/search",
        {"hubspot.SEARCH_PAGE": 8, "hubspot.LIST_PAGE": 8},
        Refusal(
            429,
            b'{"status": "error", "message": "You have reached your secondly limit.",'
            b' "correlationId": "de61843f-0000-4bc1-8c54-358e37eb0621", "category": "RATE_LIMITS"}',
        ),
        Refusal(
            401,
            b'{"status": "error", "message": "Authentication credentials not found.",'
            b' "category": "INVALID_AUTHENTICATION"}',
        ),
        Refusal(
            429,
            b'{"status": "error", "message": "You have reached your daily limit.",'
            b' "errorType": "RATE_LIMIT", "policyName": "DAILY"}',
        ),
        cursors=("updatedAt",),
        events=("meetings/search", "properties.hs_meeting_outcome"),
    ),
    "pipedrive": Target(
        "pipedrive",
        "v2/persons",
        {"pipedrive.PAGE": 4},
        Refusal(429, b'{"success": false, "error": "request over limit"}', {"x-ratelimit-reset": "2"}),
        Refusal(401, b'{"success": false, "error": "unauthorized access", "errorCode": 401}'),
        Refusal(
            429,
            b'{"success": false, "error": "request over limit"}',
            {"x-daily-ratelimit-token-remaining": "0"},
        ),
        cursors=("update_time",),
        events=("v2/activities", "type"),
    ),
    "salesforce": Target(
        "salesforce",
        "results",
        {"salesforce.BULK_PAGE": 4},
        Refusal(503, b'[{"message": "Server too busy", "errorCode": "SERVER_UNAVAILABLE"}]'),
        Refusal(401, b'[{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]'),
        Refusal(
            403,
            b'[{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]',
        ),
        cursors=("SystemModstamp",),
        events=("results", "StageName"),
        otherwise={
            "another answer": CLEAN,  # no CSV, so it is asked for again
            "truncated JSON": CAUGHT_UP,  # half of a CSV page is one, but its number of records is told
        },
    ),
}

Order = Callable[[Target], list["Fault"]]


@dataclass(frozen=True)
class Trouble:
    """A fault of the matrix. order: what is ordered of the sandbox; expected: what becomes of the load.

    is_refusal: the true answer does not come, so that it costs another try. is_asked_once: or does not, as
    asking again does not help. is_narrow: with pages as small as the target says.
    quarantined: records that are set aside.
    """

    order: Order
    expected: str = CLEAN
    is_refusal: bool = True
    is_asked_once: bool = False
    is_narrow: bool = True
    quarantined: int = 0


def _fault(target: Target, **options: Any) -> list[Fault]:
    """Order trouble for one request, the second to the target's list."""
    from sandbox import Fault

    return [Fault(target.source, path=options.pop("path", target.path), **{"skip": 1, "times": 1} | options)]


def _refused(refusal: Refusal | None, target: Target, **options: Any) -> list[Fault]:
    assert refusal is not None
    told = {"status": refusal.status, "body": refusal.body, "headers": refusal.headers}
    return _fault(target, **told, **options)


def _changed(target: Target, change: Callable[[Rows], Rows], **options: Any) -> list[Fault]:
    return _fault(target, status=None, change=change, **options)


def _poison(row: Any) -> Any:
    """Return a record with nothing but wrong types."""
    return {name: {"wrong": ["type"]} for name in row}


def _poisoned(rows: Rows) -> Rows:
    """Poison the row in the middle, which no neighbouring page repeats, and add two that are no records."""
    middle = len(rows) // 2
    return [*rows[:middle], _poison(rows[middle]), "no object", None, *rows[middle + 1 :]]


def _many(rows: Rows) -> Rows:
    """Return 10,000 rows, the last ones the true ones; one of the others is poison."""
    return [_poison(rows[0]), *rows[:1] * (9_999 - len(rows)), *rows]


def _without_cursor(target: Target) -> Callable[[Rows], Rows]:
    return lambda rows: [row | dict.fromkeys(target.cursors) for row in rows]


def _unheard_of(target: Target) -> Callable[[Rows], Rows]:
    """Give the first row of all that has an event's name one that nobody knows."""
    assert target.events is not None
    *parents, last = target.events[1].split(".")
    done: list[str] = []

    def change(rows: Rows) -> Rows:
        for row in rows:
            for parent in parents:
                row = row[parent]
            if row.get(last) and not done:
                done.append(row[last])
                row[last] = "teleported"
        return rows

    return change


MATRIX = {
    "429": Trouble(lambda target: _refused(target.throttled, target)),
    "the day's quota": Trouble(
        lambda target: _refused(target.quota, target, times=None), CAUGHT_UP, is_asked_once=True
    ),
    "blocked by a gateway": Trouble(
        lambda target: _fault(target, status=403, body=HTML, times=None), CAUGHT_UP, is_asked_once=True
    ),
    "401 in the middle": Trouble(
        lambda target: _refused(target.denied, target, times=None), CAUGHT_UP, is_asked_once=True
    ),
    "500": Trouble(lambda target: _fault(target, status=500, body=HTML)),
    "502": Trouble(lambda target: _fault(target, status=502, body=BAD_GATEWAY)),
    "502 all night": Trouble(lambda target: _fault(target, status=502, times=None), CAUGHT_UP),
    "HTML with 200": Trouble(lambda target: _fault(target, status=200, body=HTML)),
    "another answer": Trouble(lambda target: _fault(target, status=200, body=b'{"ok": 1}'), CAUGHT_UP),
    "timeout": Trouble(lambda target: _fault(target, is_silent=True)),
    "cut before the answer": Trouble(lambda target: _fault(target, status=0)),
    "cut in the answer": Trouble(lambda target: _fault(target, status=None, is_cut=True)),
    "truncated JSON": Trouble(lambda target: _fault(target, status=None, is_truncated=True)),
    "a page twice": Trouble(
        lambda target: _fault(target, status=None, repeats=1_000, skip=0), is_refusal=False
    ),
    "a row moves to the next page": Trouble(
        lambda target: _fault(target, status=None, repeats=1, skip=0), is_refusal=False
    ),
    "out of order": Trouble(lambda target: _changed(target, lambda rows: rows[::-1]), is_refusal=False),
    "null cursors": Trouble(
        lambda target: _changed(
            target, _without_cursor(target), path=target.cursors_path or target.path, skip=0
        ),
        READ_BACK,
        is_refusal=False,
    ),
    "wrong types": Trouble(
        lambda target: _changed(target, _poisoned), READ_BACK, is_refusal=False, quarantined=3
    ),
    "unknown events": Trouble(
        lambda target: _changed(
            target, _unheard_of(target), path=target.events[0] if target.events else "", skip=0, times=None
        ),
        READ_BACK,
        is_refusal=False,
    ),
    "unknown fields": Trouble(
        lambda target: _changed(target, lambda rows: [row | {"new_field": "x"} for row in rows]),
        READ_BACK,
        is_refusal=False,
    ),
    "poison in 10,000": Trouble(
        lambda target: _changed(target, _many, skip=0),
        READ_BACK,
        is_refusal=False,
        is_narrow=False,
        quarantined=1,
    ),
}

_NO_PAGES = "an answer to a question about ten people: there is no list, no order and no page"
_NO_CURSOR = "nothing in the answer says from where the next night reads"
NONSENSE = {
    ("apollo", "unknown events"): "Apollo is asked for people, not for events",
    ("apollo, buying", "the day's quota"): "the same answer as to a search",
    ("apollo, buying", "a page twice"): _NO_PAGES,
    ("apollo, buying", "a row moves to the next page"): _NO_PAGES,
    ("apollo, buying", "out of order"): _NO_PAGES,
    ("apollo, buying", "null cursors"): _NO_CURSOR,
    ("apollo, buying", "unknown events"): "Apollo is asked for people, not for events",
    ("apollo, buying", "wrong types"): "what was paid for is kept as it came, and not asked for again",
    ("apollo, buying", "unknown fields"): "what was paid for is kept as it came, and not asked for again",
    ("apollo, buying", "poison in 10,000"): "ten people an answer",
    ("smartlead", "the day's quota"): "Smartlead knows none",
    ("instantly", "the day's quota"): "Instantly knows none",
    ("salesforge", "the day's quota"): "Salesforge documents none",
    ("salesforge", "unknown events"): "sending data are columns, not events by name",
}
"""Pairs of source and fault that cannot be, and why."""

PAIRS = [(name, fault) for name in TARGETS for fault in MATRIX if (name, fault) not in NONSENSE]


def current(warehouse: Warehouse, source: str) -> dict[str, list[tuple[str, str]]]:
    """Return (row_key, row_hash) of every current row of every raw table of `source`, quarantine apart."""
    from ingestion.sources import contracts

    with warehouse.connect(read_only=True) as connection:
        return {
            name: sorted(
                (row["row_key"], row["row_hash"])
                for row in connection.rows(
                    f"select row_key, row_hash from raw_{source}.{name} where _dlt_valid_to is null"
                )
            )
            for name in contracts(source)
        }
