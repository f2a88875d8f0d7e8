from __future__ import annotations

from ingestion.docs import PAGE, page


def test_the_page_about_imports_is_what_the_contract_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "stale: run `python -m ingestion.docs`"
