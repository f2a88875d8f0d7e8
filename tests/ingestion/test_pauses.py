"""A campaign that pauses is not asked for; what happened meanwhile comes when it is resumed."""

from pathlib import Path

from ingestion.pauses import Pauses
from sandbox import Agency
from tests.conftest import NewProfile
from tests.ingestion.conftest import NIGHT, MemoryAnswers, loader, rows, served
from tests.ingestion.trouble import current
from warehouse import Warehouse, open_warehouse

PAUSED_TABLES = ("sequences", "campaign_leads", "statistics", "message_history")


def test_a_campaign_that_pauses(simulated: Agency, tmp_path: Path, new_profile: NewProfile) -> None:
    whole_warehouse, warehouse = (_warehouse(new_profile, tmp_path / name) for name in ("whole", "paused"))
    with served(simulated, tmp_path) as (_, config):
        account = config.sources.accounts("smartlead")[0].name
        whole = loader(whole_warehouse, tmp_path / "whole", MemoryAnswers())
        load = loader(warehouse, tmp_path / "paused", MemoryAnswers())
        assert not whole("smartlead", config).failures
        (campaign,) = rows(
            whole_warehouse,
            f"select min(campaign_id) from raw_smartlead.statistics where account = '{account}'",
        )[0]
        pauses = Pauses(campaigns={f"smartlead/{account}/{campaign}": "for ever"})
        assert not load("smartlead", config, pauses=pauses).failures
        for table in PAUSED_TABLES:
            held = f"select count(*) from raw_smartlead.{table} where campaign_id = '{campaign}'"
            assert rows(warehouse, held) == [(0,)], table
        assert rows(warehouse, f"select count(*) from raw_smartlead.campaigns where id = '{campaign}'") == [
            (1,)
        ]
        assert not load("smartlead", config, run_at=NIGHT).failures
        assert current(warehouse, "smartlead") == current(whole_warehouse, "smartlead")


def _warehouse(new_profile: NewProfile, folder: Path) -> Warehouse:
    folder.mkdir()
    return open_warehouse(new_profile("duckdb", folder))
