"""What winnow.yml said of each client: a version a change, and none for what means the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.engine import Engine

from pipeline.client_versions import ICP_COLUMNS, clients_told, icps_told, keep
from pipeline.config import Config

NIGHT = datetime(2026, 3, 1, 2, tzinfo=UTC)
FIRST = {"industries": ["Software", "retail"], "employees": {"min": 5, "max": 50}}
SAME = {"industries": ["Retail ", "software", "software"], "employees": {"min": 5, "max": 50}}
OTHER = {"titles": ["CEO"]}


def night(number: int) -> datetime:
    return NIGHT + timedelta(days=number)


def config(*clients: dict[str, Any]) -> Config:
    return Config.model_validate({"agency": {"name": "Test"}, "clients": list(clients)})


def acme(icp: dict[str, Any] | None, name: str = "Acme") -> dict[str, Any]:
    return {"id": "acme", "name": name, "icp": icp}


def profiles(state: Engine, before: datetime | None = None) -> list[tuple[Any, ...]]:
    wanted = ("version", "industries", "titles", "employees_min", "valid_from", "valid_to")
    rows = [dict(zip(ICP_COLUMNS, row, strict=True)) for row in icps_told(state, before)]
    return [tuple(row[name] for name in wanted) for row in rows]


def test_a_profile_has_a_version_a_change_and_ends_when_it_is_gone(state: Engine) -> None:
    assert keep(state, config(acme(FIRST)), night(0)) == 2
    assert keep(state, config(acme(SAME)), night(1)) == 0
    assert keep(state, config(acme(OTHER)), night(2)) == 1
    assert keep(state, config(acme(None)), night(3)) == 1
    assert keep(state, config(acme(None)), night(4)) == 0
    assert keep(state, config(acme(FIRST)), night(5)) == 1
    first = ('["retail", "software"]', "[]", 5)
    assert profiles(state) == [
        (1, *first, night(0), night(2)),
        (2, "[]", '["ceo"]', None, night(2), night(3)),
        (4, *first, night(5), None),
    ]
    assert profiles(state, before=night(1)) == [(1, *first, night(0), None)]


def test_a_clock_set_back_begins_no_version_before_the_one_it_ends(state: Engine) -> None:
    keep(state, config(acme(FIRST)), night(3))
    keep(state, config(acme(OTHER)), night(1))
    assert [row[4:] for row in profiles(state)] == [(night(3), night(3)), (night(3), None)]


def test_a_client_is_as_old_as_its_first_version_and_changed_with_its_last(state: Engine) -> None:
    keep(state, config(acme(FIRST)), night(0))
    keep(state, config(acme(OTHER), {"id": "beta", "name": "Beta"}), night(1))
    assert clients_told(state, None) == [("acme", night(0), night(0)), ("beta", night(1), night(1))]
    keep(state, config(acme(OTHER, name="Acme Ltd")), night(2))
    assert clients_told(state, None)[0] == ("acme", night(0), night(2))
