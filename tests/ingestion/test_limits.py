from __future__ import annotations

import random

import pytest

from ingestion import apollo, hubspot, instantly, pipedrive, salesforge, smartlead
from ingestion.limits import Budget, Limit, Limiter


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def sent(limits: list[Limit], requests: int, path: str = "") -> list[float]:
    clock = Clock()
    limiter = Limiter(limits, clock=clock.time, sleep=clock.sleep)
    times = []
    for _ in range(requests):
        limiter.acquire(path)
        times.append(clock.now)
    return times


@pytest.mark.parametrize("limits", [[Limit(5, 1)], [Limit(10, 2), Limit(60, 60)], [Limit(1, 3)]])
def test_no_window_holds_more_calls_than_its_limit(limits: list[Limit]) -> None:
    times = sent(limits, 130)
    for limit in limits:
        for index, start in enumerate(times[: -limit.calls]):
            assert times[index + limit.calls] - start >= limit.seconds


def test_calls_go_out_as_fast_as_the_limits_allow() -> None:
    times = sent([Limit(10, 2), Limit(60, 60)], 121)
    assert times[-1] - times[0] == pytest.approx(2 * 60 * 1.02)


DOCUMENTED = {
    f"{module.__name__.rpartition('.')[2]}, {limit.calls} in {limit.seconds:g} s": limit
    for module in (apollo, hubspot, instantly, pipedrive, salesforge, smartlead)
    for limit in module.DEFAULT_LIMITS
}


@pytest.mark.parametrize("limit", DOCUMENTED.values(), ids=DOCUMENTED.keys())
def test_a_documented_limit_is_kept_where_calls_arrive_late_and_is_used(limit: Limit) -> None:
    clock, chance = Clock(), random.Random(5)
    limiter = Limiter([limit], clock=clock.time, sleep=clock.sleep)
    arrived = []
    began, count = clock.now, 20 * limit.calls + 1
    for _ in range(count):
        limiter.acquire(limit.path)
        latency = chance.uniform(0, min(0.04, 0.9 * limit.seconds / limit.calls))
        arrived.append(clock.now + latency)
        clock.now += latency
    broken = sum(
        later - one < limit.seconds for one, later in zip(arrived, arrived[limit.calls :], strict=False)
    )
    assert broken < count / 100
    least = (count - 1) // limit.calls * limit.seconds
    assert clock.now - began <= 1.15 * least


def test_a_limit_of_a_path_stands_instead_of_the_general_one() -> None:
    limits = [Limit(1, 100), Limit(5, 1, path="/search")]
    assert sent(limits, 5, "/crm/v3/objects/deals/search")[-1] == 100.0
    assert sent(limits, 2, "/crm/v3/objects/deals")[-1] == 100.0 + 100 * 1.02


def test_without_limits_nothing_waits() -> None:
    assert sent([], 50)[-1] == 100.0


def cost(path: str) -> int:
    return 20 if path.startswith("/v1") else 10


def test_a_budget_is_spent_by_what_requests_cost() -> None:
    budget = Budget(35, cost)
    assert [budget.take("/v1/x"), budget.take("/v1/x"), budget.take("/v2/x")] == [True, False, True]
    assert (budget.spent, budget.left) == (30, 5)
    assert not budget.affords("/v2/x")


def test_a_budget_believes_the_provider_when_less_is_left() -> None:
    budget = Budget(100, cost)
    budget.told(500)
    assert budget.left == 100
    budget.told(19)
    assert (budget.affords("/v2/x"), budget.affords("/v1/x")) == (True, False)
    budget.told(-1)
    assert budget.left == 0
