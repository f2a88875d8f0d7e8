"""Sequences of nights that once came out wrong, or that a person would think of first."""

from __future__ import annotations

from tests.engines.nights import Night

MARCH = "2026-03-01T09:00:00+00:00"
LATER = "2026-03-02T09:00:00+00:00"

CYD = {"first_name": "Cyd", "last_name": "Moor", "company_domain": "w.example"}

FROM_AFAR = [
    Night(
        24,
        0,
        {
            "files": {
                "companies": [{"id": "k1", "domain": "x.example", "name": "X Inc", "industry": "Software"}],
                "people": [
                    {"id": "p1", "email": "ada@x.example", "company_domain": "x.example", "client": "acme"},
                    {"id": "p2", "email": "bo@y.example", "company_domain": "y.example", "company_name": "Y"},
                    {"id": "p3", "email": "info@x.example"},
                ],
                "campaigns": [{"id": "c1", "name": "One", "client": "acme"}],
                "messages": [
                    {
                        "id": "m1",
                        "lead": "p1",
                        "sent_at": MARCH,
                        "mailbox": "Ann@Send.example",
                        "template_id": "t1",
                        "body": "Hi Ada, open to a look?",
                    },
                    {"id": "m2", "lead": "p2", "sent_at": MARCH},
                ],
                "message_events": [{"id": "e1", "message_id": "m1", "type": "clicked", "time": LATER}],
                "replies": [
                    {"id": "r1", "lead": "p3", "campaign_id": "c1", "received_at": LATER, "body": "Yes"}
                ],
            }
        },
    ),
    Night(
        24,
        0,
        {
            "files": {
                "companies": [{"id": "k1", "domain": "z.example", "name": "X Inc", "industry": "Software"}],
                "people": [
                    {"id": "p4", "email": "Ada@Y.example", "company_domain": "y.example", "company_name": "A"}
                ],
                "campaigns": [{"id": "c1", "name": "One", "client": "beta"}],
                "mailboxes": [
                    {"id": "b1", "email": "ann@send.example", "created_at": MARCH, "client": "acme"}
                ],
                "templates": [
                    {"id": "t1", "campaign_id": "c1", "body": "Hi {{first_name}}, open to a look?"}
                ],
                "message_events": [{"id": "e1", "message_id": "m2", "type": "clicked", "time": LATER}],
            }
        },
    ),
]
"""People whose own records do not come in anew, while what their rows read does: their company's domain and
name, the client of a campaign that one only replied to, the message that an event belongs to, the mailbox and
the template of a message."""

FIRST_OF_ALL = [
    Night(24, 0, {}),
    Night(
        24,
        0,
        {
            "files": {
                "message_events": [{"id": "e1", "message_id": "m1", "type": "opened", "time": LATER}],
                "people": [
                    {"id": "p1", "email": "bo@y.example"},
                    {"id": "p2", "email": "Ada@Y.example"},
                    CYD | {"id": "p5", "email": "cyd.moor@w.example"},
                    CYD | {"id": "p6", "email": "cyd.moor@w.example.com"},
                ],
            }
        },
        changes=(),
    ),
    Night(
        24,
        0,
        {"files": {"messages": [{"id": "m1", "lead": "ada@x.example", "sent_at": MARCH}]}},
        (("merge", "Ada@Y.example", "bo@y.example"),),
        ("merged by hand", "merged by model"),
    ),
    Night(
        24,
        0,
        {
            "files": {
                "people": [
                    {"id": "p3", "email": "bo@y.example", "personal_email": "b@z.example"},
                    {"id": "p4", "email": "ada@y.example", "personal_email": "b@z.example", "title": "CEO"},
                ]
            }
        },
        (("split", "ada@y.example", "bo@y.example"), ("merge", "files:files:p1", "ada@x.example")),
        ("merged by hand", "merged by hand", "merged by model", "split by hand"),
    ),
]
"""A night with nothing at all; then an event before the message that it belongs to. Two people made one by
hand, then two again while records come in that would join them; one of them made one with somebody else. Two
whose addresses differ by a slip, whom the model links."""
