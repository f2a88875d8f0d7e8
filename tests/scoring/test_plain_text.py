"""Bodies and subjects as they travel: MIME, encodings and HTML become plain text."""

from __future__ import annotations

import time
from base64 import b64encode

import pytest

from scoring.mime import plain_subject
from scoring.plain_text import MAX_LENGTH, to_plain_text
from scoring.text import answers, newest_text

WORDS = "Schöne Grüße, nein danke"
BASE64 = b64encode(WORDS.encode()).decode()
PLAIN = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{BASE64}\n"
HTML = "Content-Type: text/html; charset=utf-8\n\n<p>Something <b>else</b></p>\n"
MESSAGE = (
    "Received: by mx.example; Mon, 5 Jan 2026\n\t09:00:00 +0100\nFrom: Jane <jane@x.example>\n"
    'Subject: Re: Hello\nMIME-Version: 1.0\nContent-Type: multipart/alternative;\n boundary="b=1"\n\n'
    f"This is a MIME message.\n--b=1\n{HTML}--b=1\n{PLAIN}--b=1--\n"
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(MESSAGE, WORDS, id="whole message, plain text before HTML"),
        pytest.param(MESSAGE.replace("\n", "\r\n"), WORDS, id="whole message as on the wire"),
        pytest.param(f"--b1\n{HTML}--b1\n{PLAIN}--b1--\n", WORDS, id="parts without a header"),
        pytest.param(
            f"This is a multi-part message in MIME format.\n\n--b1\n{PLAIN}--b1--\n",
            WORDS,
            id="parts below a preamble",
        ),
        pytest.param(f"--b1\n{HTML}--b1--\n", "Something else", id="only HTML"),
        pytest.param(
            f"--b1\nContent-Type: text/plain\n\n\n--b1\n{HTML}", "Something else", id="empty plain part"
        ),
        pytest.param(PLAIN, WORDS, id="one part"),
        pytest.param(
            f"No, see the part below.\n\n--b1\n{PLAIN}",
            f"No, see the part below.\n\n--b1\n{PLAIN}".strip(),
            id="parts below words are quoted",
        ),
        pytest.param(PLAIN.lower().replace(BASE64.lower(), BASE64), WORDS, id="header in small letters"),
        pytest.param(
            "Content-Transfer-Encoding: quoted-printable\nContent-Type: text/plain; charset=iso-8859-1\n\n"
            "Gr=FC=DFe, nicht inter=\nessiert",
            "Grüße, nicht interessiert",
            id="quoted-printable in Latin-1",
        ),
        pytest.param(
            "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nGrüße",
            "Grüße",
            id="text that was decoded before",
        ),
        pytest.param(
            "Content-Type: text/plain; charset=x-nobody\nContent-Transfer-Encoding: base64\n\n" + BASE64,
            WORDS,
            id="unknown charset",
        ),
        pytest.param(
            f"--b1\nContent-Type: message/rfc822\n\nSubject: x\n\nOur mail.\n--b1\n{PLAIN}--b1--",
            WORDS,
            id="an attached mail is no text",
        ),
        pytest.param("Content-Type: multipart/mixed; boundary=b\n\nNo parts.", "No parts.", id="no parts"),
        pytest.param(f"--b1\n{PLAIN}", WORDS, id="cut off"),
        pytest.param(
            "Sch=C3=B6n, aber nicht inter=\nessiert.", "Schön, aber nicht interessiert.", id="leftovers"
        ),
        pytest.param(
            "See x.example/?id=AB12&c=3D.\nContent-Type: is a header.\n===\n1 =\n1",
            "See x.example/?id=AB12&c=3D.\nContent-Type: is a header.\n===\n1 =\n1",
            id="signs that are no encoding",
        ),
        pytest.param("<!--[if mso]><p>Old</p><![endif]--><p>New</p>", "New", id="comments of Outlook"),
        pytest.param("<title>Old</title><p>New</p><style>p {", "New", id="style that does not end"),
    ],
)
def test_a_body_as_plain_text(body: str, expected: str) -> None:
    assert to_plain_text(body) == expected


def test_history_in_a_mime_part_is_cut() -> None:
    part = "Content-Type: text/plain\n\nNo.\n\nAm 05.01.2026 um 09:00 schrieb Anna:\n> Hallo"
    assert newest_text("Re: x", f"--b1\n{part}\n--b1--") == "No."


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("=?utf-8?B?UmU6IEdyw7zDn2U=?=", "Re: Grüße"),
        ("=?UTF-8?Q?AW=3A_Gr=C3=BC?= =?utf-8?q?=C3=9Fe?=", "AW: Grüße"),
        ("=?iso-8859-1?Q?Re=3A_Gr=FC=DFe?=\n =?iso-8859-1?Q?_an?= Anna", "Re: Grüße an Anna"),
        ("=?x-nobody?B?!!?=", "=?x-nobody?B?!!?="),
        ("Is 1 =? 2", "Is 1 =? 2"),
        (None, ""),
    ],
)
def test_a_subject_with_encoded_words(subject: str | None, expected: str) -> None:
    assert plain_subject(subject) == expected


def test_an_encoded_subject_answers_and_stands_in() -> None:
    assert answers("=?utf-8?Q?Re=3A_Hello?=")
    assert newest_text("=?utf-8?Q?Unsubscribe=21?=", "") == "Unsubscribe!"


@pytest.mark.parametrize(
    "body",
    [
        "--a\nContent-Type: multipart/mixed; boundary=a\n\n" * 4_000,
        "Content-Type: text/plain\n" * 8_000,
        "<style>" * 30_000,
        "<a class=" + "class=" * 30_000,
        "<p>gmail_quote" + "</blockquote>" * 15_000,
        "<!--" * 50_000,
        "a=\n" * 60_000,
        "=?utf-8?Q?" * 20_000,
        "1 " * 100_000,
        ("2026: " * 300 + "\n") * 100,
        "On 1 wrote\n" * 20_000,
        "<a@x.example> 2026 " * 10_000,
        "Hi\nRegards " + "A-" * 900 + "?",
        "Hi\nSent from x" + ", please" * 200 + "?\n\nx",
        "> " * 100_000,
        "-" * 200_000,
        ">\n" * 100_000,
    ],
    ids=lambda body: f"{body[:12]!r} times {len(body)}",
)
def test_hostile_bodies_take_bounded_time(body: str) -> None:
    started = time.process_time()
    assert len(newest_text(body[:50_000], body)) <= MAX_LENGTH
    assert time.process_time() - started < 5
