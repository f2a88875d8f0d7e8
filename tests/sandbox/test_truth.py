"""The truth is what the providers show, and adds up."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from decimal import Decimal

import pytest

from sandbox import Agency, Counts, Effect, Params, Server, simulate, truth
from tests.sandbox.crawl import Shown, count_people, read_everything

DISTINCT = ("people",)
"""Counts of persons, whom two clients may share; all others add up over the clients."""


@pytest.fixture
def shown(server: Server, agency: Agency) -> Shown:
    return read_everything(server, agency)


def test_everything_counted_is_what_the_providers_show(shown: Shown, agency: Agency) -> None:
    total = truth(agency, agency.params.night()).total
    rows, crm = shown.statistics, shown.crm
    assert count_people(shown) == total.people
    assert len(shown.campaigns) == total.campaigns
    assert len(shown.leads) == total.campaign_leads
    assert len({row["stats_id"] for row in rows}) == len(rows) == total.messages
    replies = {entry["message_id"] for entry in shown.history if entry["type"] == "REPLY"}
    assert len(replies) == total.replies
    assert sum(row["is_bounced"] for row in rows) == total.bounces
    assert sum(row["is_unsubscribed"] for row in rows) == total.unsubscribes
    assert sum(row["open_count"] for row in rows) == total.machine_opens + total.human_opens
    assert sum(row["click_count"] for row in rows) == total.machine_clicks + total.human_clicks
    assert sum(row["open_time"] is not None for row in rows) == total.opened_messages
    assert len(crm["meetings"]) == total.meetings
    assert len(crm["deals"]) == total.deals
    won = [deal["properties"] for deal in crm["deals"] if deal["properties"]["dealstage"] == "closedwon"]
    assert len(won) == total.won_deals > 0
    value: Counter[str] = Counter()
    for deal in won:
        value[deal["deal_currency_code"]] += Decimal(deal["amount"])  # type: ignore[assignment]  # decimals
    assert value == total.won_value


def test_later_nights_are_shown_as_counted_too(server: Server, agency: Agency) -> None:
    server.as_of = agency.params.night(9)
    shown = read_everything(server, agency)
    total = truth(agency, server.as_of).total
    assert count_people(shown) == total.people
    assert len(shown.statistics) == total.messages
    assert len(shown.crm["deals"]) == total.deals


def test_the_clients_add_up_to_the_agency(agency: Agency) -> None:
    found = truth(agency, agency.params.night())
    for field in fields(Counts):
        parts = [getattr(counts, field.name) for counts in found.by_client.values()]
        if field.name in DISTINCT:
            continue
        whole = getattr(found.total, field.name)
        if isinstance(whole, int):
            assert sum(parts) == whole, field.name
        else:
            added: dict[str, object] = {}
            for part in parts:
                for name, value in part.items():
                    added[name] = added.get(name, 0) + value
            assert added == whole, field.name


def test_replies_are_the_sum_of_their_intents(agency: Agency) -> None:
    total = truth(agency, agency.params.night()).total
    assert sum(total.replies_by_intent.values()) == total.replies
    assert sum(total.deals_by_stage.values()) == total.deals
    assert total.deals_by_stage["closedwon"] == total.won_deals
    assert 0 < total.positive_leads <= total.positive_replies < total.replies
    assert total.replies_by_intent["bounce_notice"] == total.bounce_notices <= total.bounces


def test_planted_effects_are_in_the_data_and_visible() -> None:
    params = Params()
    found = truth(simulate(params), params.night())
    assert found.visible == params.effects
    for item in found.planted:
        inside, outside = item.conversions_in / item.leads_in, item.conversions_out / item.leads_out
        assert inside > 1.8 * outside
    assert found.explains("brightpath", "seniority")
    assert not found.explains("harbour", "industry")
    assert not found.explains("brightpath", "industry")


def test_without_effects_nothing_is_planted_and_segments_answer_alike() -> None:
    params = Params(effects=())
    found = truth(simulate(params), params.night())
    assert found.planted == ()
    assert found.visible == ()
    rates = [counts.positive_leads / counts.contacted for counts in found.by_client.values()]
    assert max(rates) < 0.06
    assert min(rates) > 0.02


def test_an_effect_too_weak_to_see_is_not_demanded() -> None:
    params = Params(leads=200, effects=(Effect("harbour", "country", "Ireland", 1.1),))
    found = truth(simulate(params), params.night())
    assert len(found.planted) == 1
    assert found.visible == ()


def test_an_effect_on_an_unknown_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown dimension 'colour'"):
        Effect("harbour", "colour", "red", 2.0)
