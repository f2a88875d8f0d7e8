"""The newest words of 90 public mails in nine languages are what a careful reader calls so."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoring.text import newest_text
from tests.real.reply_texts import EXPECTED, UNDECIDABLE, read_mails

FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "data" / "reply_parsing_crisp" / "fixtures"

pytestmark = pytest.mark.skipif(
    not FIXTURES.is_dir(), reason="needs ../shared/data/reply_parsing_crisp beside the clone"
)


def test_every_mail_is_accounted_for() -> None:
    assert set(read_mails(FIXTURES)) == set(EXPECTED) | set(UNDECIDABLE)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_newest_words(name: str) -> None:
    text = newest_text(None, (FIXTURES / f"{name}.txt").read_text(encoding="utf-8"))
    assert EXPECTED[name].agrees(text), text


def test_headers_of_the_template() -> None:
    mail = (FIXTURES / "email_with_date_headers.txt").read_text(encoding="utf-8")
    header = "On Mon, Jan 5, 2026 at 9:00 AM Anna <anna@x.example> wrote:"
    assert newest_text(None, mail.replace("[DATE]", header)) == "Thank you very much."
