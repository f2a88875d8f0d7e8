from __future__ import annotations

import pytest

from ingestion.usage import endpoint_of


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/campaigns/372/leads?api_key=secret", "/campaigns/{id}/leads"),
        ("/crm/v3/objects/deals/search", "/crm/v3/objects/deals/search"),
        ("/crm/objects/2026-03/deals", "/crm/objects/2026-03/deals"),
        ("https://x.example:8080/public/multichannel/workspaces/wks_a1/sequences?page=2",
         "/public/multichannel/workspaces/{id}/sequences"),
        ("/services/data/v60.0/query/01gak000001-2000", "/services/data/v60.0/query/{id}"),
        ("/api/v1/deals/8/changelog", "/api/v1/deals/{id}/changelog"),
        ("/leads/jane@x.com", "/leads/{id}"),
        ("/threads/thr_abcdefghijklmnopqrstuvwxyzabcdef", "/threads/{id}"),
    ],
)  # fmt: skip
def test_an_endpoint_is_a_path_without_ids_and_values(path: str, endpoint: str) -> None:
    assert endpoint_of("GET", path) == f"GET {endpoint}"
