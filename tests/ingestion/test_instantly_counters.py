"""A workspace without webhooks: what its leads count stands in for what nobody told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.ingestion.conftest import Loader, rows, served, stage
from warehouse import Warehouse


def test_counters_stand_in_for_webhooks(warehouse: Warehouse, load: Loader, tmp_path: Path) -> None:
    from sandbox import Fault, Params, simulate, truth

    # a seed with an opt-out, bounces of both kinds, and clicks
    params = Params(leads=90, days=30, clients=2, seed=17)
    clients = [profile.id for profile in params.profiles]
    agency = simulate(replace(params, senders=tuple((client, "instantly") for client in clients)))
    as_of = params.start + timedelta(days=params.days)
    untold = Fault("instantly", path="webhook-events", status=None, change=lambda _: [])
    with served(agency, tmp_path, faults=[untold]) as (server, whole):
        account = whole.sources.instantly.accounts[0]
        own = whole.sources.instantly.model_copy(update={"accounts": (account,)})
        sources = whole.sources.model_copy(update={"instantly": own})
        config = whole.model_copy(update={"sources": sources})
        assert load("instantly", config, run_at=as_of).failures == ()
        assert server.met
    stage(warehouse, tmp_path, config, "instantly")
    counts = truth(agency, as_of).by_client[str(account.client)]
    events = "select sum(event_count) as n from staging.stg_instantly__message_events where event_type = "
    found = {
        kind: int(rows(warehouse, f"{events}'{kind}'")[0][0] or 0)
        for kind in ("sent", "replied", "opened", "clicked", "bounced", "unsubscribed")
    }
    assert found == {
        "sent": counts.messages,
        "replied": counts.replies,
        "opened": counts.human_opens + counts.machine_opens,
        "clicked": counts.human_clicks + counts.machine_clicks,
        "bounced": counts.hard_bounces,
        "unsubscribed": counts.unsubscribes,
    }
    assert found["opened"]
    assert found["bounced"]
    assert found["clicked"] + found["unsubscribed"]
    later = (
        "select count(*) from staging.stg_instantly__reactions as r"
        " inner join staging.stg_instantly__messages as m on r.message_id = m.id"
        " where m.sent_at > r.occurred_at"
    )
    assert rows(warehouse, later) == [(0,)], "no reaction is on a message that was sent after it"
