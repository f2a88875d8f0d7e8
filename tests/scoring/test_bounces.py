"""Notices and complaints: the messages of `tests/data/bounces`, whose names say what they are."""

from __future__ import annotations

import time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from scoring.bounces import Notice, read_notice

MESSAGES = sorted((Path(__file__).parents[1] / "data" / "bounces").glob("*.eml"))
OTHER_RECIPIENTS = {"5.1.1_hard_bad_mailbox__address_that_is_not_ascii": "jürgen@prospect.example"}
TEXT_SAYS_LESS = {
    "5.1.1_hard_bad_mailbox__several_recipients": "the delayed one is named first, as a temporary failure",
    "5.2.2_hard_mailbox_full__gmail_dsn": "a full mailbox, and not that it is given up",
    "none__arf_auth_failure": "the type stands in the fields",
    "none__arf_not_spam": "the type stands in the fields",
}
"""Messages whose text alone does not say what the whole says."""

POSTFIX = (
    "This is the mail system at host mx.agency.example.\n\nI'm sorry to have to inform you that your message "
    "could not\nbe delivered to one or more recipients.\n\n<jane@prospect.example>: {}"
)


def parsed(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=default)


def described(notice: Notice | None) -> str:
    if notice is None or notice.kind == "complaint":
        return "none" if notice is None else "complaint"
    return f"{notice.code or '-'}_{notice.bounce_type}_{notice.reason}"


def name_of(path: Path) -> str:
    return path.stem


def test_there_are_messages_of_each_kind() -> None:
    assert len(MESSAGES) >= 40
    assert {path.stem.split("_")[0] for path in MESSAGES} >= {"none", "complaint", "5.1.1", "4.7.1", "-"}


@pytest.mark.parametrize("path", MESSAGES, ids=name_of)
def test_a_message_as_received(path: Path) -> None:
    notice = read_notice(None, path.read_text(encoding="utf-8"), None)
    assert described(notice) == path.stem.partition("__")[0]
    if notice:
        assert notice.email == OTHER_RECIPIENTS.get(path.stem, "jane@prospect.example")


@pytest.mark.parametrize("path", MESSAGES, ids=name_of)
def test_a_message_whose_header_came_apart(path: Path) -> None:
    headers = {name.upper(): [str(value)] for name, value in parsed(path).items()}
    body = path.read_text(encoding="utf-8").partition("\n\n")[2]
    notice = read_notice(headers["SUBJECT"][0], body, headers)
    assert described(notice) == path.stem.partition("__")[0]


@pytest.mark.parametrize("path", MESSAGES, ids=name_of)
def test_only_the_text_of_a_message(path: Path) -> None:
    message = parsed(path)
    part = message.get_body(preferencelist=("plain", "html"))
    text = part.get_content() if part else ""
    notice = read_notice(message["subject"], text, {"From": str(message["from"]), **dict(message.items())})
    expected = path.stem.partition("__")[0].split("_")
    if path.stem in TEXT_SAYS_LESS:
        assert notice is not None
    elif expected[0] in {"none", "complaint"}:
        assert described(notice) == expected[0]
    else:
        assert notice is not None
        assert notice.bounce_type == expected[1]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("host mx said: 550 5.1.1 User unknown", "5.1.1_hard_bad_mailbox"),
        ("host mx said: 550 User unknown", "5.1.1_hard_bad_mailbox"),
        ("host mx said: 450 try later, mailbox busy", "-_soft_mailbox_disabled"),
        ("host mx[192.0.2.10] said: 421 too many connections", "-_soft_network"),
        ("host mx said: 554 something odd", "-_hard_other"),
        ("Postfix 2.5.1 gave up: user unknown", "5.1.1_hard_bad_mailbox"),
        ("user unknown, seen by Exim 4.3.2", "5.1.1_hard_bad_mailbox"),
        ("mailbox is full", "4.2.2_soft_mailbox_full"),
        ("mailbox is full, this is a permanent error", "5.2.2_hard_mailbox_full"),
        ("552 5.7.1 sender is on a blocklist", "5.7.1_hard_spam_block"),
        ("550 5.7.1 not authorized by policy", "5.7.1_hard_policy"),
        ("550 5.7.1 no such user", "5.7.1_hard_bad_mailbox"),
        ("550 5.7.509 access denied", "5.7.509_hard_policy"),
        ("550 5.6.1 conversion failed", "5.6.1_hard_content"),
        ("501 5.5.4 syntax error in parameters", "5.5.4_hard_protocol"),
        ("connection timed out", "4.4.1_soft_network"),
        ("unrouteable mail domain", "5.1.2_hard_bad_domain"),
        ("", "-_unknown_other"),
    ],
)
def test_what_the_words_of_a_notice_say(words: str, expected: str) -> None:
    assert described(read_notice("", POSTFIX.format(words), None)) == expected


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Re: Quick question", "Your budget bounced off our CFO: 550 euros is too much."),
        ("Re: Quick question", "My mailbox is full of these, stop. jane@prospect.example"),
        ("Quick question", "Do write to bob@prospect.example, my mail gives 550 5.1.1 user unknown."),
        ("Delivery delayed", "Your order 450 is late, mail orders@prospect.example or call 552 100."),
        ("Re: Undeliverable: Quick question", "Odd, it works for jane@prospect.example: 550 5.1.1 is wrong."),
        ("Out of Office", POSTFIX.format("550 5.1.1 User unknown")),
        ("Re: Returned mail", "Hello,\n\nsee this:\n\n" + POSTFIX.format("550 5.1.1 User unknown")),
        (None, None),
        ("", ""),
    ],
)
def test_people_and_answering_machines(subject: str | None, body: str | None) -> None:
    assert read_notice(subject, body, {"From": "Jane <jane@prospect.example>"}) is None


def test_a_mail_system_is_believed_by_its_header() -> None:
    notice = read_notice(
        "?", "Kézbesíthetetlen.", {"X-Failed-Recipients": "Jane@prospect.example, bob@x.example"}
    )
    assert notice == Notice("bounce", "unknown", None, "other", "jane@prospect.example")
    assert read_notice("?", "Kézbesíthetetlen.", {"from": "Carl <carl@prospect.example>"}) is None


def test_the_address_as_it_was_written_to_comes_before_the_one_it_leads_to() -> None:
    body = (
        "Final-Recipient: rfc822; jane.doe@hosted.example\nOriginal-Recipient: rfc822;jane@prospect.example\n"
    )
    notice = read_notice(None, f"{body}Action: failed\nStatus: 5.1.1", None)
    assert notice == Notice("bounce", "hard", "5.1.1", "bad_mailbox", "jane@prospect.example")


def test_a_delay_is_soft_whatever_its_status() -> None:
    notice = read_notice(
        None, "Final-Recipient: rfc822; jane@prospect.example\nAction: delayed\nStatus: 5.0.0", None
    )
    assert notice == Notice("bounce", "soft", "5.0.0", "other", "jane@prospect.example")


def test_the_address_of_the_notice_s_own_reader_did_not_fail() -> None:
    body = "The mail of anna@agency.example is undeliverable.\n\njane@prospect.example: user unknown"
    headers = {"From": "mailer-daemon@mx.agency.example", "To": "Anna <anna@agency.example>"}
    notice = read_notice("failure notice", body, headers)
    assert notice == Notice("bounce", "hard", "5.1.1", "bad_mailbox", "jane@prospect.example")


def test_recipients_without_empty_lines_between_them() -> None:
    fields = "Final-Recipient: rfc822; {}@prospect.example\nAction: {}\nStatus: {}\n"
    body = fields.format("bob", "delayed", "4.4.1") + fields.format("jane", "failed", "5.1.1")
    notice = read_notice(None, body, None)
    assert notice == Notice("bounce", "hard", "5.1.1", "bad_mailbox", "jane@prospect.example")


@pytest.mark.parametrize(
    "body",
    [
        POSTFIX.format("550 5.1.1 User unknown\n\n") + "x" * 1_000_000,
        POSTFIX.format("550 5.1.1 User unknown\n\n") + "a@a." * 250_000,
        POSTFIX.format("user " * 200_000),
        "Content-Type: multipart/report; report-type=delivery-status; boundary=a\n\n"
        + "--a\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@x.example\n\n" * 10_000,
        "Final-Recipient: x\n" * 50_000,
        "5.1.1 550 " * 100_000,
        "\n\n" * 500_000,
    ],
    ids=["one long line", "addresses", "words", "parts", "fields", "codes", "empty lines"],
)
def test_a_megabyte_takes_bounded_time(body: str) -> None:
    started = time.process_time()
    read_notice("failure notice", body, {"From": "mailer-daemon@mx.agency.example"})
    assert time.process_time() - started < 3
