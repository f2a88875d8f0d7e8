"""Nights of questions to Claude: who is asked about, what comes of it, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from pipeline.claude import candidates
from pipeline.claude.store import Store
from pipeline.judgements import judgement, keep
from sandbox import ClaudeBehaviour, Fault, Plan, claude_fault
from scoring import reply_prompt
from scoring.replies import text_key
from tests.conftest import ENGINES
from tests.pipeline.claude.world import RUN_AT, World, answers, unsure

BLORP = "Blorp number 0."
NOW = {"headers": {"retry-after-ms": "1"}}


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_what_rules_are_unsure_of_is_read_once_and_labelled(world: World) -> None:
    world.given([*unsure(3), "Yes", "Please remove me from your list.", "", BLORP])
    read = world.night()
    assert (read.candidates, read.asked, read.answered, read.open) == (3, 3, 3, 0)
    assert world.charged == dict.fromkeys(unsure(3), 1)
    labels = world.labels()
    assert {labels[text] for text in unsure(3)} == {("interested", "model")}
    assert labels["Please remove me from your list."] == ("unsubscribe", "rules")
    assert world.notes.warnings == world.notes.notes == []
    again = world.night(1)
    assert (again.candidates, again.asked, again.cost) == (0, 0, 0)
    assert world.charged == dict.fromkeys(unsure(3), 1)


def test_the_cost_is_what_the_usage_says(world: World) -> None:
    world.given(unsure(2))
    read = world.night()
    (batch,) = world.batches()
    requests = world.requests()
    assert read.cost == Decimal(batch["cost"]) == sum(Decimal(row["cost"]) for row in requests) > 0
    assert Decimal(batch["cost"]) < Decimal(batch["reserved"])
    written, found = sorted((row["cache_write_tokens"], row["cache_read_tokens"]) for row in requests)
    assert written[1] == found[0] > 0, "the first writes the prompt into the cache, the second finds it"
    assert written[0] == found[1] == 0


def test_another_prompt_or_model_asks_anew_and_the_old_one_not_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.given(unsure(2))
    world.night()
    with monkeypatch.context() as patch:
        patch.setattr(reply_prompt, "MAX_CHARACTERS", 9_000)
        reply_prompt.prompt_version.cache_clear()
        assert world.night(1).asked == 2
    reply_prompt.prompt_version.cache_clear()
    assert world.night(2).asked == 0
    assert world.night(3, model="claude-haiku-4-5").asked == 2
    assert set(world.charged.values()) == {3}


def test_a_persons_label_is_never_asked_about(world: World) -> None:
    world.given(unsure(2))
    with world.state.begin() as state:
        keep(state, [judgement(text_key(BLORP), "person", {"intent": "objection"}, decided_by="me")])
    assert world.night().asked == 1
    assert BLORP not in world.charged
    assert world.labels()[BLORP] == ("objection", "person")


def test_a_text_with_orders_is_never_sent(world: World) -> None:
    world.given(unsure(2))
    with world.warehouse.connect() as connection:
        connection.execute("update scoring.reply_labels set has_orders = true where text = ?", [BLORP])
    assert world.night().asked == 1
    assert BLORP not in world.charged


def test_old_replies_are_not_worth_money(world: World) -> None:
    world.given(unsure(1), day=-31)
    world.given(["Blorp, blorp."], day=-30)
    assert world.night(max_age_days=30).asked == 1
    assert world.charged == {"Blorp, blorp.": 1}


@pytest.mark.parametrize(
    ("outcome", "status", "is_paid"),
    [
        ("errored", "errored", False),
        ("expired", "expired", False),
        ("canceled", "canceled", False),
        ("refusal", "refused", True),
        ("max_tokens", "truncated", True),
        ("invalid_json", "invalid", True),
        ("unknown_label", "invalid", True),
    ],
)
def test_what_fails_is_asked_once_more_and_then_left_to_the_rules(
    world: World, outcome: Any, status: str, is_paid: bool
) -> None:
    once, always, good = unsure(3)
    plans = [Plan(outcome, text=once, times=1), Plan(outcome, text=always)]
    world.server.claude.behaviour = replace(world.server.claude.behaviour, plans=plans)
    world.given([once, always, good])
    read = world.night()
    assert (read.candidates, read.asked, read.retried) == (3, 5, 2)
    assert (read.answered, read.given_up, read.open) == (2, 1, 0)
    assert [row["status"] for row in world.requests() if row["text_key"] == text_key(always)] == [status] * 2
    assert world.labels() == {
        once: ("interested", "model"),
        good: ("interested", "model"),
        always: ("unclear", "rules"),
    }
    assert world.charged == ({once: 2, always: 2, good: 1} if is_paid else {once: 1, good: 1})
    assert world.notes.notes == ["1 replies that Claude twice failed to read are left to the rules"]
    assert world.night(1).asked == 0
    assert world.night(2, model="claude-haiku-4-5").candidates == 3, "another model has its own two attempts"
    errors = " ".join(row["error"] or "" for row in world.requests())
    assert "Blorp" not in errors


def test_a_batch_may_take_two_nights(world: World) -> None:
    slow = ClaudeBehaviour(polls_until_ended=None, reader=answers)
    world.server.claude.behaviour = slow
    world.given(unsure(3))
    read = world.night()
    assert (read.asked, read.answered, read.open, read.cost) == (3, 0, 3, 0)
    assert world.notes.notes == ["3 replies wait for a batch of Claude's that has not ended"]
    assert world.methods() == {"rules"}
    assert world.slept == 30 * 60, "as long as wait_minutes says"
    world.server.claude.end_all()
    world.given(["Blorp, blorp."], day=1)
    world.server.claude.behaviour = replace(slow, polls_until_ended=0)
    later = world.night(1)
    assert (later.asked, later.answered, later.open) == (1, 4, 0)
    assert world.methods() == {"model"}
    assert set(world.charged.values()) == {1}
    assert [batch["run_at"] for batch in world.batches()] == [RUN_AT, RUN_AT + timedelta(days=1)]


def test_a_night_waits_no_longer_than_half_of_its_stage(world: World) -> None:
    world.server.claude.behaviour = ClaudeBehaviour(polls_until_ended=None, reader=answers)
    world.given(unsure(1))
    world.night(wait_minutes=600)
    assert world.slept == 1800


def test_batches_are_no_larger_than_they_may_be(world: World) -> None:
    world.given(unsure(5))
    assert world.night(max_batch=2).answered == 5
    assert [batch["requests"] for batch in world.batches()] == [2, 2, 1]


@pytest.mark.parametrize("error", ["rate_limit_error", "overloaded_error"])
def test_a_busy_service_is_offered_the_batch_again(world: World, error: str) -> None:
    world.given(unsure(2))
    world.server.order(claude_fault(error, method="POST", times=2, **NOW))
    assert world.night().answered == 2
    assert len(world.batches()) == 1
    assert set(world.charged.values()) == {1}


def test_a_service_that_stays_busy_is_left_alone_until_the_next_night(world: World) -> None:
    world.given(unsure(2))
    world.server.order(claude_fault("rate_limit_error", method="POST"))
    read = world.night()
    assert (read.asked, read.answered, read.open) == (0, 0, 0)
    assert world.slept == 85, "5, 20 and 60 seconds, since it does not say how long"
    (warning,) = world.notes.warnings
    assert warning == "claude: 429 rate_limit_error: Trouble that was ordered; 2 replies were not taken"
    world.server.order()
    assert world.night(1).answered == 2


@pytest.mark.parametrize("error", ["authentication_error", "billing_error", "invalid_request_error"])
def test_a_refused_batch_costs_nothing_and_fails_no_night(world: World, error: str) -> None:
    world.given(unsure(2))
    world.server.order(claude_fault(error, method="POST"))
    assert world.night().asked == 0
    assert error in world.notes.warnings[0]
    assert [(batch["status"], batch["cost"]) for batch in world.batches()] == [("refused", "0")]
    world.server.order()
    assert world.night(1).answered == 2


@pytest.mark.parametrize(
    ("fault", "is_made"),
    [
        (claude_fault("api_error", method="POST", times=1, **NOW), False),
        (claude_fault("api_error", method="POST", times=1, is_late=True, **NOW), True),
        (Fault("anthropic", method="POST", status=0, times=1), False),
        (Fault("anthropic", method="POST", status=0, times=1, is_late=True), True),
        (Fault("anthropic", method="POST", status=None, times=1, is_cut=True), True),
        (Fault("anthropic", method="POST", times=1), False),
    ],
    ids=["500 before", "500 after", "closed before", "closed after", "cut", "gateway"],
)
def test_nobody_pays_twice_for_an_answer_that_got_lost(world: World, fault: Fault, is_made: bool) -> None:
    world.given(unsure(3))
    world.server.order(fault)
    world.on_sleep = world.server.claude.end_all
    read = world.night()
    assert (read.answered, read.open) == (3, 0)
    assert world.charged == dict.fromkeys(unsure(3), 1)
    assert [batch["status"] for batch in world.batches()] == (["ended"] if is_made else ["lost", "ended"])


def test_a_batch_in_doubt_waits_while_one_like_it_is_worked_on(world: World) -> None:
    world.given(unsure(2))
    lost = claude_fault("api_error", method="POST", times=1, is_late=True, **NOW)
    world.server.claude.behaviour = ClaudeBehaviour(polls_until_ended=None, reader=answers)
    world.server.order(lost)
    assert world.night().open == 2
    assert [batch["status"] for batch in world.batches()] == ["intended"]
    assert world.night(1).open == 2, "its texts are not free, and its money is not either"
    world.server.claude.end_all()
    assert world.night(2).answered == 2
    assert world.charged == dict.fromkeys(unsure(2), 1)


def test_a_batch_in_doubt_is_given_time_to_show(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.given(unsure(1))
    world.server.order(claude_fault("api_error", method="POST", times=1, **NOW))
    assert world.night(doubt_minutes=10).open == 1, "by the clock on the wall no time has passed"
    assert world.night(1, doubt_minutes=0).answered == 1
    assert world.charged == {BLORP: 1}


def made_by_others(world: World) -> None:
    """Let somebody else with our key make a batch of one request."""
    from anthropic import Anthropic

    from sandbox.keys import ANTHROPIC_KEY

    params = {"model": "claude-haiku-5-5", "max_tokens": 9, "messages": []}
    row: Any = {"custom_id": "theirs", "params": params}
    with Anthropic(base_url=f"{world.server.url}/anthropic", api_key=ANTHROPIC_KEY) as api:
        api.messages.batches.create(requests=[row])


def test_somebody_elses_batch_is_never_taken_for_ours(world: World) -> None:
    made_by_others(world)
    world.server.claude.end_all()
    world.given(unsure(1))
    world.server.order(claude_fault("api_error", method="POST", times=1, **NOW))
    assert world.night().answered == 1
    assert world.charged == {BLORP: 1}


def test_an_older_batch_than_our_last_one_is_no_reason_to_doubt(world: World) -> None:
    made_by_others(world)
    world.given(unsure(1))
    assert world.night().answered == 1
    world.given(["Blorp, blorp."], day=1)
    world.server.order(claude_fault("api_error", method="POST", times=1, **NOW))
    assert world.night(1).answered == 1
    theirs = next(iter(world.server.claude.batches.values()))
    assert theirs.status == "in_progress"


def test_a_key_that_is_refused_is_not_tried_all_night(world: World) -> None:
    world.server.claude.behaviour = ClaudeBehaviour(polls_until_ended=None, reader=answers)
    world.given(unsure(2))
    world.night(wait_minutes=0)
    world.server.order(claude_fault("authentication_error"))
    world.slept = 0
    assert world.night(1).open == 2
    assert (world.slept, len(world.server.met)) == (0, 1)
    (warning,) = world.notes.warnings
    assert warning.startswith("claude: 401 authentication_error")
    assert warning.endswith("2 replies wait for the next night")


def test_a_service_in_trouble_is_not_offered_batches_all_night(world: World) -> None:
    world.given(unsure(1))
    world.server.order(claude_fault("api_error", method="POST", **NOW))
    world.night()
    assert [batch["status"] for batch in world.batches()] == ["lost"] * 3


@pytest.mark.parametrize(
    "fault",
    [
        Fault("anthropic", path="/results", status=None, is_cut=True, times=1),
        Fault("anthropic", path="/results", status=None, is_truncated=True, times=1),
        claude_fault("api_error", path="/results", times=1, **NOW),
        claude_fault("api_error", path="msgbatch", times=4, **NOW),
    ],
    ids=["cut", "truncated", "500", "no look"],
)
def test_results_that_break_off_are_read_again(world: World, fault: Fault) -> None:
    world.given(unsure(20))
    world.server.order(fault)
    assert world.night().answered == 20
    assert world.charged == dict.fromkeys(unsure(20), 1)
    assert world.server.met, "the trouble has come"


def test_results_that_keep_breaking_off_wait_for_the_next_night(world: World) -> None:
    world.given(unsure(20))
    world.server.order(Fault("anthropic", path="/results", status=None, is_cut=True))
    read = world.night(wait_minutes=1)
    assert 0 < read.answered < 20
    assert read.answered + read.open == 20
    assert f"{read.open} replies wait for the next night" in world.notes.warnings[0]
    world.server.order()
    assert world.night(1).answered == read.open
    assert set(world.charged.values()) == {1}


def test_a_service_that_is_away_fails_no_night(world: World) -> None:
    world.given(unsure(2))
    settings = world.settings()
    world.server.close()
    read = world.night(base_url=settings.base_url, wait_minutes=0)
    assert read.asked == 0
    assert world.notes.warnings == ["claude: no connection (ConnectError); 2 replies were not taken"]


def test_another_workspaces_key_pays_for_nothing_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.server.claude.behaviour = ClaudeBehaviour(polls_until_ended=None, reader=answers)
    world.given(unsure(2))
    world.night(wait_minutes=0)
    world.server.claude.batches.clear()
    world.given(["Blorp, blorp."], day=1)
    world.server.claude.behaviour = ClaudeBehaviour(polls_until_ended=0, reader=answers)
    read = world.night(1)
    assert (read.asked, read.answered, read.open) == (1, 1, 2), "others are asked and answered"
    assert world.slept < 60, "nobody waits for what is not there"
    assert "404 not_found_error" in world.notes.warnings[0]
    late = world.batches()[0]["created_at"] + timedelta(days=30)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.claude.nightly.utc_now", lambda: late)
        assert world.night(2).answered == 2
    first, *others = world.batches()
    assert first["cost"] == first["reserved"], "what may have been spent counts as spent"
    assert [batch["status"] for batch in others] == ["ended", "ended"]


def test_a_night_goes_on_while_the_budget_lasts(world: World) -> None:
    """What a batch did not cost is there for the next one of the same night."""
    world.given(unsure(30))
    read = world.night(budget_per_night=Decimal("0.012"))
    assert len(world.batches()) > 1
    assert (read.answered, read.left_out) == (30, 0)
    assert sum(Decimal(batch["cost"]) for batch in world.batches()) <= Decimal("0.012")


def _bound(world: World, count: int) -> Decimal:
    """Return what the first `count` texts can cost at most."""
    with world.warehouse.connect() as connection:
        store = Store(world.state, "r", RUN_AT)
        texts = candidates.find(connection, store, world.settings(), RUN_AT)
        offered = candidates.asked(connection, world.settings(), texts)
        return sum((one.bound for one in list(offered)[:count]), Decimal(0))


@pytest.mark.parametrize("which", ["night", "month"])
def test_a_budget_is_kept_to_the_cent(world: World, which: str) -> None:
    world.server.claude.behaviour = ClaudeBehaviour(polls_until_ended=None, reader=answers)
    world.given(unsure(4))
    edge = _bound(world, 3)
    read = world.night(**{f"budget_per_{which}": edge - Decimal("0.00000001")}, wait_minutes=0)
    assert (read.asked, read.left_out) == (2, 2)
    line = f"claude: the budget of the {which} is used up; 2 replies are left to the rules"
    assert world.notes.warnings == [line]


@pytest.mark.parametrize("which", ["night", "month"])
def test_a_budget_is_used_to_the_cent(world: World, which: str) -> None:
    world.server.claude.behaviour = ClaudeBehaviour(polls_until_ended=None, reader=answers)
    world.given(unsure(4))
    read = world.night(**{f"budget_per_{which}": _bound(world, 3)}, wait_minutes=0)
    assert (read.asked, read.left_out) == (3, 1)


def test_a_batch_that_is_open_keeps_its_money_all_month(world: World) -> None:
    world.server.claude.behaviour = ClaudeBehaviour(polls_until_ended=None, reader=answers)
    world.given(unsure(4))
    money = {"budget_per_month": _bound(world, 3), "wait_minutes": 0}
    assert world.night(**money).asked == 3
    assert world.night(1, **money).asked == 0
    assert world.night(20, **money).asked == 0, "26 March"
    assert world.night(26, **money).asked == 1, "1 April"


def test_a_new_night_has_a_new_budget(world: World) -> None:
    world.server.claude.behaviour = ClaudeBehaviour(polls_until_ended=None, reader=answers)
    world.given(unsure(4))
    money = {"budget_per_night": _bound(world, 3), "wait_minutes": 0}
    world.night(**money)
    world.night(**money)
    assert len(world.requests()) == 3, "the same night once more has no other budget"
    assert world.night(1, **money).asked == 1


def test_no_budget_asks_nothing(world: World) -> None:
    world.given(unsure(2))
    assert world.night(budget_per_night=0).asked == 0
    assert not world.server.claude.batches


def test_the_newest_replies_come_first(world: World) -> None:
    world.given(["Blorp of March."], day=0)
    world.given(["Blorp of February."], day=-14)
    world.night(budget_per_night=_bound(world, 1), wait_minutes=0)
    assert list(world.charged) in ([], ["Blorp of March."])
    (asked,) = world.requests()[:1]
    assert asked["text_key"] == text_key("Blorp of March.")
