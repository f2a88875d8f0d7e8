"""What the gate is told to pass over, and what it says when it refuses."""

import pytest

from pipeline.errors import UsageError
from pipeline.gate import refusal, require_failed

FAILED = {"unique_leads": "check unique_leads: 3 rows do not hold it", "rows.facts.deals": "check rows.…"}


def test_only_what_failed_can_be_accepted() -> None:
    assert require_failed((), FAILED) == {}
    assert require_failed(("unique_leads", "unique_leads"), FAILED) == {
        "unique_leads": "check unique_leads: 3 rows do not hold it"
    }
    with pytest.raises(
        UsageError, match=r"--accept leads: this check did not fail; failed: unique_leads, rows"
    ):
        require_failed(("unique_leads", "leads"), FAILED)
    with pytest.raises(UsageError, match="failed: no check"):
        require_failed(("leads",), {})


def test_a_refusal_says_what_to_do() -> None:
    assert refusal("received.files.my tool.leads", "check x: 1") == (
        "check x: 1; mend it, or pass over it:"
        " winnow publish --accept 'received.files.my tool.leads' --reason \"…\""
    )
