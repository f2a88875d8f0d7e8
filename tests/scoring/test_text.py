"""The newest words of a mail."""

from __future__ import annotations

import pytest

from scoring.text import newest_text, to_plain_text

ATTRIBUTION = "On Mon, Jan 5, 2026 at 9:00 AM Anna Keller <anna@x.example> wrote:"
GMAIL = (
    '<div dir="ltr">Not interested, thanks.<div><br></div></div><br><div class="gmail_quote"><div dir="ltr" '
    'class="gmail_attr">On Mon, Jan 5, 2026 at 9:00 AM Anna &lt;<a href="mailto:a@x.example">a@x.example</a>'
    "&gt; wrote:<br></div><blockquote>Book a demo?</blockquote></div>"
)
OUTLOOK = (
    "<html><head><style>p {color: red}</style></head><body><p class=MsoNormal>Yes, Tuesday&nbsp;works.</p>"
    '<div id="divRplyFwdMsg"><b>From:</b> Anna<br><b>Sent:</b> Monday</div><div>Old words</div></body></html>'
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("Sounds good?", "Sounds good?", id="nothing to strip"),
        pytest.param(f"Yes.\n\n{ATTRIBUTION}\n> Old\n> words", "Yes.", id="quoted reply"),
        pytest.param(f"{ATTRIBUTION}\n> Old words\n\nYes, send it.", "Yes, send it.", id="answer below"),
        pytest.param("> Old?\nNew.\n> Older?\nNewer.", "New.\nNewer.", id="answers between"),
        pytest.param(
            "Yes.\n\nOn Jan 5, 2026,\nat 9:00, Anna\n<anna@x.example> wrote:\n\n> Old",
            "Yes.",
            id="attribution over three lines",
        ),
        pytest.param(
            "No.\n________________________________\nFrom: Anna\nSent: Monday\nOld", "No.", id="outlook line"
        ),
        pytest.param(
            "No.\n\nFrom: Anna\nSent: Monday\nTo: Jane\nSubject: Hi\n\nOld", "No.", id="outlook header"
        ),
        pytest.param("No.\n\n-----Original Message-----\nFrom: Anna\n\nOld", "No.", id="original message"),
        pytest.param(
            "See below.\n---------- Forwarded message ---------\nFrom: A\nOld", "See below.", id="forwarded"
        ),
        pytest.param("Nein.\n\nAm 05.01.2026 um 09:00 schrieb Anna:\n> Hallo", "Nein.", id="german"),
        pytest.param(
            "Non.\n\nLe lun. 5 janv. 2026 à 09:00, Anna <a@x.example> a écrit :\n> Salut", "Non.", id="french"
        ),
        pytest.param(
            "No.\n\nEl lun, 5 ene 2026 a las 9:00, Anna (<a@x.example>) escribió:\n> Hola",
            "No.",
            id="spanish",
        ),
        pytest.param(
            "Não.\n\nEm 5 de jan. de 2026, Anna <a@x.example> escreveu:\n> Olá", "Não.", id="portuguese"
        ),
        pytest.param("No.\n\nIl 5 gennaio 2026 Anna <a@x.example> ha scritto:\n> Ciao", "No.", id="italian"),
        pytest.param(
            "Nee.\n\nOp 5 januari 2026 09:00 schreef Anna <a@x.example>:\n> Hoi", "Nee.", id="dutch"
        ),
        pytest.param(
            "Nej.\n\nDen 5 jan. 2026 kl. 09:00 skrev Anna <a@x.example>:\n> Hej", "Nej.", id="swedish"
        ),
        pytest.param(
            "Ei.\n\nma 5. tammik. 2026 klo 9.00 Anna (a@x.example) kirjoitti:\n> Moi", "Ei.", id="finnish"
        ),
        pytest.param(
            "Нет.\n\nпн, 5 янв. 2026 г. в 09:00, Anna <a@x.example>:\n> Привет", "Нет.", id="russian"
        ),
        pytest.param("Yes.\n\n-- \nJane Doe\nCEO", "Yes.", id="signature mark"),
        pytest.param("Yes.\nBest regards,\nJane Doe", "Yes.", id="signature words"),
        pytest.param("Yes.\nThanks,\nJane", "Yes.", id="thanks as closing"),
        pytest.param("Yes.\n\n-Jane", "Yes.", id="name after a dash"),
        pytest.param("Nein.\n\nMit freundlichen Grüßen\nHans", "Nein.", id="german signature"),
        pytest.param("Yes.\n\nSent from my iPhone", "Yes.", id="mobile footer"),
        pytest.param("Yes.\nGet Outlook for iOS", "Yes.", id="outlook mobile footer"),
        pytest.param(
            "Yes.\nThis email is confidential and intended for the addressee only.", "Yes.", id="disclaimer"
        ),
        pytest.param("Yes.\nTo unsubscribe from our mails click here", "Yes.", id="unsubscribe footer"),
        pytest.param("Hi Anna,\nThanks, but we're not interested.", None, id="thanks that is no signature"),
        pytest.param("Best time is Tuesday.\nThank you, let's talk then.", None, id="thank you in the text"),
        pytest.param("Open points:\n- price\n- start date", None, id="list"),
        pytest.param("Unsubscribe", None, id="unsubscribe as the whole text"),
        pytest.param("Please unsubscribe me.\nThis is the third mail.", None, id="unsubscribe as wish"),
        pytest.param("On Thursday, maybe:\nlet me see", None, id="on at the beginning"),
        pytest.param("Is it < $500 & > $100?", None, id="signs that are no tags"),
        pytest.param("<div>Hi,</div><div>Yes &amp; no.</div>", "Hi,\nYes & no.", id="simple html"),
        pytest.param("<html>Thanks, I&#39;m in</html>", "Thanks, I'm in", id="bare html"),
        pytest.param(GMAIL, "Not interested, thanks.", id="gmail html"),
        pytest.param(OUTLOOK, "Yes, Tuesday works.", id="outlook html"),
        pytest.param(
            '<p>No.</p><div class="yahoo_quoted"><p>Anna:</p><p>Old words</p></div>', "No.", id="yahoo html"
        ),
        pytest.param("<blockquote>Old</blockquote><p>New</p>", "New", id="answer below in html"),
        pytest.param("<p>No.</p><p>Best regards,<br>Jane</p>", "No.", id="signature in html"),
    ],
)
def test_the_newest_words(body: str, expected: str | None) -> None:
    assert newest_text("Re: Quick question", body) == (body if expected is None else expected)


def test_the_subject_stands_in_for_an_empty_body() -> None:
    assert newest_text("Unsubscribe", "<div><br></div>") == "Unsubscribe"
    assert newest_text(None, None) == ""


def test_a_subject_that_answers_ours_says_nothing() -> None:
    assert newest_text("Re: Unsubscribe from bad data", "") == ""


def test_invisible_characters_are_gone() -> None:
    assert to_plain_text("in\u200bter\u00adested\u00a0now\r\n") == "interested now"


def test_an_endless_body_is_read_from_its_beginning() -> None:
    assert newest_text(None, "Yes.\n" + "x" * 1_000_000).startswith("Yes.")
