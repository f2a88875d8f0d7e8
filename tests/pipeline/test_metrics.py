"""Metrics are found in whatever tables, columns, accounts and clients there are."""

from datetime import UTC, datetime, timedelta

from ingestion.counts import ResourceCount
from pipeline import metrics
from pipeline.history import History, Night
from tests.pipeline.published_world import uid
from warehouse import Connection, Warehouse
from warehouse.publication import PublishedTable

RUN_AT = datetime(2026, 3, 6, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def table(connection: Connection, name: str, columns: dict[str, str], *rows: tuple[object, ...]) -> None:
    connection.replace(name, columns, rows)


def test_the_ledgers_counts_are_held_against_the_raw_rows(warehouse: Warehouse) -> None:
    def line(
        resource: str, received: int, landed: int, load_id: str | None = "7", gone: int = 0
    ) -> ResourceCount:
        return ResourceCount("apollo", "main", resource, None, received, landed, 1, 2, 0, load_id, gone)

    with warehouse.connect() as connection:
        rows = [("7",), ("7",), ("6",)]
        table(connection, "raw_apollo.people", {"_dlt_load_id": "text"}, *rows)
        table(connection, "raw_apollo.organizations", {"_dlt_load_id": "text"}, *rows)
        counts = [line("organizations", 4, 1, gone=1), line("people", 8, 4), line("older", 3, 0, None)]
        found = dict(metrics._counted(connection, counts))
    assert found == {
        "received.apollo.main.organizations": 4,
        "unaccounted.apollo.main.organizations": 0,
        "quarantine_rate.apollo.main.organizations": 2 / 4,
        "lost.apollo.main.organizations": 0,
        "received.apollo.main.people": 8,
        "unaccounted.apollo.main.people": 1,
        "quarantine_rate.apollo.main.people": 2 / 8,
        "lost.apollo.main.people": 2,
        "received.apollo.main.older": 3,
        "unaccounted.apollo.main.older": 0,
        "quarantine_rate.apollo.main.older": 2 / 3,
        "volume.apollo.main": 15,
    }


def test_a_mart_that_nobody_told_of_is_measured_in_every_column(warehouse: Warehouse) -> None:
    mart = PublishedTable("new_mart", "answers.new_mart")
    last = Night(RUN_AT - 24 * HOUR, {"rows.answers.new_mart": 3})
    with warehouse.connect() as connection:
        rows = [(1, 1, None), (1, 1, "x"), (1, 2, None), (1, 1, None)]
        table(connection, "answers.new_mart", {"a": "integer", "b": "integer", "c": "text"}, *rows)
        found = metrics._of_table(connection, mart, ("a", "b"), History(RUN_AT, (last,)))
        without_key = metrics._of_table(connection, mart, None, History(RUN_AT))
    assert found == {
        "rows.answers.new_mart": 4,
        "new.answers.new_mart": 1,
        "repeated.answers.new_mart": 2,
        "null_rate.answers.new_mart.a": 0,
        "null_rate.answers.new_mart.b": 0,
        "null_rate.answers.new_mart.c": 0.75,
    }
    assert set(found) - set(without_key) == {"new.answers.new_mart", "repeated.answers.new_mart"}


def test_an_empty_table_has_no_shares(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        table(connection, "answers.empty", {"a": "integer"})
        found = metrics._of_table(
            connection, PublishedTable("empty", "answers.empty"), ("a",), History(RUN_AT)
        )
    assert found == {"rows.answers.empty": 0, "repeated.answers.empty": 0}


def test_mail_is_counted_since_the_last_night_and_by_the_day(warehouse: Warehouse) -> None:
    acme, beta = uid(1), uid(2)
    last = RUN_AT - 48 * HOUR
    with warehouse.connect() as connection:
        table(
            connection,
            "facts.clients",
            {"client_id": "uuid", "client": "text"},
            (acme, "acme"),
            (beta, "beta"),
        )
        sent = [(acme, last), (acme, last + HOUR), (acme, RUN_AT), (acme, RUN_AT + HOUR)]
        table(connection, "facts.messages", {"client_id": "uuid", "sent_at": "timestamptz"}, *sent)
        came = [(acme, RUN_AT - HOUR), (None, RUN_AT - HOUR)]
        table(
            connection, "facts.received_replies", {"client_id": "uuid", "received_at": "timestamptz"}, *came
        )
        two_days = metrics._of_clients(connection, History(RUN_AT, (Night(last, {}),)))
        first = metrics._of_clients(connection, History(RUN_AT))
    assert two_days == {"sent.acme": 1.0, "sent.beta": 0, "replied.acme": 0.5, "replied.beta": 0}
    assert first == {"sent.acme": 1, "sent.beta": 0, "replied.acme": 1, "replied.beta": 0}


def test_the_newest_event_has_happened_and_is_no_load(warehouse: Warehouse) -> None:
    columns = {
        "account": "text",
        **dict.fromkeys(("created", "meets", "loaded_at", "_dlt_valid_from"), "timestamptz"),
    }
    with warehouse.connect() as connection:
        table(
            connection,
            "raw_hubspot.meetings",
            columns,
            ("one", RUN_AT - 9 * HOUR, RUN_AT + 9 * HOUR, RUN_AT, RUN_AT),
            ("one", RUN_AT - 8 * HOUR, RUN_AT - 5 * HOUR, RUN_AT, RUN_AT),
            ("two", None, RUN_AT + HOUR, RUN_AT, RUN_AT),
        )
        found = metrics._newest_events(connection, "raw_hubspot.meetings", RUN_AT)
    assert found == [("one", RUN_AT - 5 * HOUR)]
