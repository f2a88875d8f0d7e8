"""Which header proves that a machine wrote a mail, and which one decides where they contradict each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from scoring.replies import label
from scoring.reply_headers import automation

DAY = date(2025, 12, 22)
DSN = 'multipart/report; boundary="x"; report-type=delivery-status'
ARF = "multipart/report;\r\n report-type=feedback-report; boundary=x"
MDN = 'multipart/report; report-type="disposition-notification"'


@pytest.mark.parametrize(
    ("headers", "intent"),
    [
        ({"Content-Type": DSN}, "bounce_notice"),
        ({"Content-Type": ARF}, "auto_reply"),
        ({"Content-Type": MDN}, "auto_reply"),
        ({"Content-Type": "multipart/report; boundary=delivery-status"}, "auto_reply"),
        ({"Auto-Submitted": "auto-replied"}, "auto_reply"),
        ({"Auto-Submitted": "AUTO-GENERATED; owner-email=a@x.example"}, "auto_reply"),
        ({"Auto-Submitted": "auto-notified"}, "auto_reply"),
        ({"X-Autoreply": "yes"}, "auto_reply"),
        ({"X-Autorespond": "Your mail"}, "auto_reply"),
        ({"Precedence": "bulk"}, "auto_reply"),
        ({"Precedence": "auto_reply"}, "auto_reply"),
        ({"Precedence": "junk"}, "auto_reply"),
        ({"Return-Path": "<>"}, "auto_reply"),
        ({"Return-Path": ["< >"]}, "auto_reply"),
        ({"X-Failed-Recipients": "jane@acme.example"}, "bounce_notice"),
        ({"From": "Mail Delivery System <MAILER-DAEMON@mx.example>"}, "bounce_notice"),
        ({"From": "The postmaster <postmaster@mx.example>"}, "bounce_notice"),
        ({"Auto-Submitted": "no"}, None),
        ({"Auto-Submitted": "no (typed by hand)"}, None),
        ({"Auto-Submitted": ""}, None),
        ({"X-Autoreply": "no"}, None),
        ({"X-Autoreply": None}, None),
        ({"X-Auto-Response-Suppress": "All"}, None),
        ({"X-Auto-Response-Suppress": "DR, OOF, AutoReply"}, None),
        ({"Precedence": "list"}, None),
        ({"List-Id": "<team.acme.example>"}, None),
        ({"List-Unsubscribe": "<mailto:leave@acme.example>"}, None),
        ({"Return-Path": "<jane@acme.example>"}, None),
        ({"X-Failed-Recipients": ""}, None),
        ({"Content-Type": "multipart/mixed; report-type=delivery-status"}, None),
        ({"From": "Jane <jane.postmaster@acme.example>"}, None),
    ],
    ids=str,
)
def test_a_header_proves(headers: Mapping[str, Any], intent: str | None) -> None:
    assert automation(None, headers, []) == intent


@pytest.mark.parametrize(
    ("headers", "intent"),
    [
        ({"Content-Type": DSN, "Auto-Submitted": "no"}, "bounce_notice"),
        ({"Content-Type": ARF, "X-Failed-Recipients": "jane@acme.example"}, "auto_reply"),
        ({"Content-Type": MDN, "From": "MAILER-DAEMON@mx.example"}, "auto_reply"),
        ({"Auto-Submitted": "no", "X-Autoreply": "yes"}, None),
        ({"Auto-Submitted": "no", "Precedence": "bulk", "List-Id": "<team.acme.example>"}, None),
        ({"Auto-Submitted": "auto-replied", "Precedence": "list", "X-Autoreply": "no"}, "auto_reply"),
        ({"Auto-Submitted": "auto-replied", "X-Failed-Recipients": "jane@acme.example"}, "bounce_notice"),
        ({"X-Autoreply": "no", "Precedence": "bulk"}, "auto_reply"),
        ({"Precedence": "list", "Return-Path": "<>"}, "auto_reply"),
        ({"Return-Path": "<>", "X-Failed-Recipients": "jane@acme.example"}, "bounce_notice"),
    ],
    ids=str,
)
def test_the_first_of_them_decides(headers: Mapping[str, Any], intent: str | None) -> None:
    assert automation(None, headers, []) == intent
    assert automation(None, dict(reversed(headers.items())), []) == intent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("I am away until Monday.", "out_of_office"),
        ("Your message could not be delivered. The address was not found.", "bounce_notice"),
        ("We have received your message. Ticket 4711.", "auto_reply"),
        ("Sounds great, let's schedule a call!", "auto_reply"),
    ],
)
@pytest.mark.parametrize("header", [{"Auto-Submitted": "auto-replied"}, {"Return-Path": "<>"}], ids=str)
def test_the_text_says_what_kind_of_machine(header: dict[str, str], text: str, intent: str) -> None:
    assert label("Re: hello", text, header, DAY).intent == intent


def test_a_subject_speaks_where_headers_say_nothing() -> None:
    suppressed = {"X-Auto-Response-Suppress": "All"}
    assert label("Automatic reply: hello", "Thanks.", suppressed, DAY).intent == "auto_reply"
    assert label("Re: hello", "I'm interested", suppressed, DAY).intent == "interested"
