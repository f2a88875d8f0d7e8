"""What decides how facts are built, and what a build must not pass over."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.config import Config
from pipeline.context import Notes, Options, silent
from pipeline.dbt import Model, NodeResult
from pipeline.errors import RunError
from pipeline.operations import set_loads_to_build, write_operations
from pipeline.stages import build
from warehouse import Connection, Warehouse
from warehouse.publication import UNPUBLISHED_KEYS

RUN_AT = datetime(2026, 3, 6, 2, tzinfo=UTC)
CONFIG = Config.model_validate(
    {
        "agency": {"name": "Test", "time_zone": "Europe/Berlin"},
        "clients": [
            {
                "id": "acme",
                "name": "Acme",
                "meetings_target": 20,
                "icp": {"industries": [" Software", "software"], "employees": {"min": 5, "max": 50}},
                "competitors": ["https://www.Rival.example/"],
                "postal_address": " 1 High Street ",
            }
        ],
        "experiments": [{"id": "x", "client": "acme", "campaign": "7", "arms": {"A": 0.3, "B": 0.7}}],
    }
)


def prepared(connection: Connection) -> None:
    write_operations(connection, CONFIG, "run-1", RUN_AT)


def node(name: str, kind: str = "model", status: str = "success", rows: int = 0) -> NodeResult:
    return NodeResult(f"{kind}.winnow.{name}", kind, name, status, rows, 0.1, "what happened", "error")


def model(
    name: str, materialized: str = "table", touched: str | None = None, parents: tuple[str, ...] = ()
) -> Model:
    return Model(
        f"model.winnow.{name}",
        name,
        f"facts.{name}",
        materialized,
        "marts/facts",
        True,
        touched,
        "lead_id" if touched else None,
        tuple(parent if "." in parent else f"model.winnow.{parent}" for parent in parents),
    )


def test_the_models_are_told_clock_clients_and_experiments(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        prepared(connection)
        (run,) = connection.rows("select * from ops.current_run")
        icps = connection.rows("select kind, value from ops.client_icps order by kind, value")
        arms = connection.rows("select arm, share from ops.experiments order by arm")
        (client,) = connection.rows("select * from ops.client_config")
    assert (client["meetings_target"], client["postal_address"], client["verified_email_only"]) == (
        20,
        "1 High Street",
        True,
    )
    assert (run["run_id"], run["run_at"], run["agency_time_zone"], run["reply_window_days"]) == (
        "run-1",
        RUN_AT,
        "Europe/Berlin",
        14,
    )
    assert [(row["kind"], row["value"]) for row in icps] == [
        ("competitor", "rival.example"),
        ("employees_max", "50"),
        ("employees_min", "5"),
        ("industry", "software"),
    ]
    assert [(row["arm"], float(row["share"])) for row in arms] == [("A", 0.3), ("B", 0.7)]


def test_loads_to_build_are_those_not_yet_built(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        prepared(connection)
        connection.insert("ops.built_loads", ["load_id", "run_id"], [("1", "a"), ("2", "a")])
        assert set_loads_to_build(connection, ["0", "1", "2", "3"]) == 2
        found = connection.rows("select load_id from ops.loads_to_build order by load_id")
    assert [row["load_id"] for row in found] == ["0", "3"]


def test_a_full_build_has_its_reason(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        assert build.refresh_reason(connection, "abc", [], asked=False) == "nothing was built before"
        prepared(connection)
        assert build.refresh_reason(connection, "abc", [], asked=False) == "nothing was built before"
        for state, asked, reason in (
            ("abc", False, ""),
            ("abc", True, "asked for"),
            ("old", False, "models, seeds, macros or mappings in winnow.yml have changed"),
            (build.UNFINISHED, False, "the last build did not finish"),
        ):
            connection.replace("ops.build_state", {"scope": "text", "hash": "text"}, [("facts", state)])
            assert build.refresh_reason(connection, "abc", [], asked=asked) == reason


def test_a_table_that_is_gone_is_built_in_full(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        prepared(connection)
        connection.replace("ops.build_state", {"scope": "text", "hash": "text"}, [("facts", "abc")])
        connection.create_table("facts.deals", {"id": "integer"})
        assert build.refresh_reason(connection, "abc", ["facts.deals"], asked=False) == ""
        connection.execute("drop table facts.deals")
        assert build.refresh_reason(connection, "abc", ["facts.deals"], asked=False) == "facts.deals is gone"


def test_a_model_that_was_not_built_is_a_failure() -> None:
    wanted = [model("leads"), model("deals"), model("inlined", "ephemeral")]
    build.require_built(wanted, [node("leads"), node("deals")])
    with pytest.raises(RunError, match="model deals was expected and not built"):
        build.require_built(wanted, [node("leads"), node("deals", status="skipped")])


def test_a_view_stands_unless_a_table_is_among_what_it_reads() -> None:
    staging, union = (
        model("staging", "view"),
        model("union", "view", parents=("staging", "seed.winnow.zones")),
    )
    table, over_table = model("table", parents=("union",)), model("over", "view", parents=("table", "union"))
    above = model("above", "view", parents=("over",))
    assert build.standing_views([staging, union, table, over_table, above]) == {"staging", "union"}


def test_an_empty_table_whose_source_has_rows_is_a_failure(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.create_table("facts.deals", {"id": "integer"})
        connection.create_table("intermediate.int_deals", {"id": "integer"})
        build.require_rows(connection)
        connection.insert("intermediate.int_deals", ["id"], [(1,), (2,)])
        with pytest.raises(
            RunError, match=r"facts.deals is empty although intermediate.int_deals has 2 rows"
        ):
            build.require_rows(connection)
        connection.insert("facts.deals", ["id"], [(1,)])
        build.require_rows(connection)


def test_touched_keys_of_all_builds_wait_for_the_publish(warehouse: Warehouse) -> None:
    lead = "11111111-1111-1111-1111-111111111111"
    models = [model("messages", "incremental", "touched_leads"), model("clients")]
    with warehouse.connect() as connection:
        connection.replace("intermediate.touched_leads", {"lead_id": "uuid"}, [(lead,), (lead,), (None,)])
        build.collect_touched(connection, models, everything=False)
        build.collect_touched(connection, models, everything=True)
        rows = connection.rows(f"select kind, key from {UNPUBLISHED_KEYS} order by kind")
    assert [(row["kind"], row["key"] and str(row["key"])) for row in rows] == [
        ("everything", None),
        ("touched_leads", lead),
    ]


def test_a_failed_check_is_one_line() -> None:
    assert build.line(node("unique_leads", "test", "fail", 3)) == "check unique_leads: 3 rows do not hold it"
    assert build.line(node("leads", "model", "error")) == "model leads: what happened"


class FakeProject:
    """Gives the results that it is told to; remembers which tests had to look at all rows."""

    def __init__(self, models: list[NodeResult], tests: list[NodeResult]) -> None:
        self.models, self.tests = models, tests
        self.whole: set[str] | None = None

    def build(self, *_select: Any, **_options: Any) -> tuple[NodeResult, ...]:
        return tuple(self.models)

    def test(self, *_select: Any, whole: set[str] | None, **_options: Any) -> tuple[NodeResult, ...]:
        self.whole = whole
        return tuple(self.tests)


def test_a_failed_test_stops_nothing_and_stands_until_it_holds(warehouse: Warehouse) -> None:
    def night(project: FakeProject, **options: Any) -> list[str]:
        context: Any = SimpleNamespace(
            project=project,
            warehouse=warehouse,
            options=Options(),
            notes=Notes(),
            progress=silent,
            run_id="run-1",
        )
        build._dbt(context, "build", ["facts"], **{"full_refresh": False, "exclude": ["views"]} | options)
        with warehouse.connect() as connection:
            rows = connection.rows(f"select name, severity from {build.CHECKS} order by name")
        assert len(context.notes.warnings) == sum(not test.is_good for test in project.tests)
        return [f"{row['name']} {row['severity']}" for row in rows]

    def project(**tests: str) -> FakeProject:
        return FakeProject([node("leads")], [node(name, "test", status) for name, status in tests.items()])

    with warehouse.connect() as connection:
        connection.create_table(build.CHECKS, build.CHECK_COLUMNS)
    assert night(project(one="fail", two="error", three="pass")) == ["one error", "two error"]
    later = project(two="pass", three="pass")
    assert night(later) == ["one error"]  # nobody looked at `one`
    assert later.whole == {"one", "two"}
    assert night(project(one="pass")) == []
    night(project(one="fail"))
    everything = project(two="fail")
    assert night(everything, full_refresh=True, exclude=()) == ["two error"]  # `one` is no test any more
    assert everything.whole is None
    with pytest.raises(RunError, match="model leads: what happened"):
        night(FakeProject([node("leads", status="error")], []))
