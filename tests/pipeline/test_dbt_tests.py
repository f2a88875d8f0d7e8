"""dbt's tests: the keys that they declare, and the rows that they look at."""

from pathlib import Path

from pipeline.dbt import Project
from pipeline.metrics import SCORING_KEYS
from pipeline.publish import SCORING_TABLES
from warehouse import Warehouse

LEADS = ("11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222")


def test_every_published_table_declares_its_key(warehouse: Warehouse, tmp_path: Path) -> None:
    project = Project(warehouse, tmp_path / "state", "salt")
    keys = project.keys()
    published = {model.name for model in project.models() if model.is_published}
    assert published - set(keys) == set()
    assert set(SCORING_TABLES) == set(SCORING_KEYS)
    assert keys["lead_pool"] == ("lead_id",)
    assert keys["who_units"] == ("client_id", "lead_id")
    channel = "accepted_values_messages_channel__email__linkedin__sms__whatsapp__voice__mail"
    assert project.tested_by({channel}) == {"messages"}
    _rows_that_a_test_looks_at(project, warehouse, channel)


def _rows_that_a_test_looks_at(project: Project, warehouse: Warehouse, test: str) -> None:
    touched, other = LEADS
    with warehouse.connect() as connection:
        connection.replace("facts.messages", {"lead_id": "uuid", "channel": "text"}, [(other, "pigeon")])
        connection.replace("intermediate.touched_leads", {"lead_id": "uuid"}, [(touched,)])

    def status(whole: set[str] | None) -> str:
        (result,) = project.test([test], whole=whole)
        return result.status

    assert status(None) == "fail"
    assert status(set()) == "pass"
    assert status({test}) == "fail"
    assert status(None) == "fail"
    for lead in (touched, None):
        with warehouse.connect() as connection:
            connection.replace("facts.messages", {"lead_id": "uuid", "channel": "text"}, [(lead, "pigeon")])
        assert status(set()) == "fail"
