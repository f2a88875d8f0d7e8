from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from ingestion.errors import TerminalError, TransientError
from ingestion.http import MAX_WAIT_SECONDS, ProviderClient, Timing
from ingestion.limits import Budget, Limit
from tests.local_server import QuietHandler, serving

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
THEIR_NOW = NOW - timedelta(minutes=3)
"""What the provider's clock shows, in its answers' Date header."""

SECRET = "s3cret/key+"


@dataclass
class Answer:
    """One canned answer; cut: promise more bytes than are sent."""

    status: int = 200
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@contextmanager
def provider(*answers: Answer) -> Iterator[str]:
    """Serve the answers in turn on the loopback interface; the last one again and again."""
    left = list(answers)

    class Handler(QuietHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(THEIR_NOW, usegmt=True)

        def do_GET(self) -> None:
            answer = left.pop(0) if len(left) > 1 else left[0]
            body = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body) + (10 if answer.cut else 0)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as url:
        yield url


@pytest.fixture
def sleeps() -> list[float]:
    return []


def client(url: str, sleeps: list[float], **options: object) -> ProviderClient:
    timing = Timing(clock=lambda: 0.0, sleep=sleeps.append, now=lambda: NOW)
    options.setdefault("params", {"api_key": SECRET})
    return ProviderClient("hubspot account acme", url, secret=SECRET, timing=timing, **options)  # type: ignore[arg-type]  # a test passes what it likes


def test_an_answer_is_its_json_and_is_counted(sleeps: list[float]) -> None:
    with provider(Answer(body='{"a": [1, NaN]}')) as url, client(url, sleeps) as http:
        assert http.get("/x", {"page": 1, "after": None}) == {"a": [1, None]}
        assert (http.usage.requests, http.usage.bytes_received, http.usage.retries) == (1, 15, 0)


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (Answer(429, "{}", {"Retry-After": "900"}), 900),
        (Answer(429, "{}", {"Retry-After": "Mon, 02 Mar 2026 02:07:00 GMT"}), 600),
        (Answer(429, "{}", {"x-ratelimit-reset": "30"}), 30),
        (Answer(429, "{}", {"x-ratelimit-reset": str(int(THEIR_NOW.timestamp()) + 45)}), 45),
        (Answer(429, '{"message": "You have reached your secondly limit.", "category": "RATE_LIMITS"}'), 1),
        (Answer(429, '{"message": "x", "policyName": "TEN_SECONDLY_ROLLING"}'), 10),
        (Answer(429, '{"error": {"code": "RATE_LIMIT_EXCEEDED", "message": "m", "retry_after": 30}}'), 30),
        (Answer(503, "busy", {"Retry-After": "7"}), 7),
    ],
    ids=["seconds", "date", "reset in", "reset at", "secondly", "ten secondly", "smartlead body", "503"],
)
def test_a_wait_that_the_provider_asks_for_is_kept(answer: Answer, wait: float, sleeps: list[float]) -> None:
    with provider(answer, Answer(body="[1]")) as url, client(url, sleeps) as http:
        assert http.get("/x") == [1]
    assert len(sleeps) == 1
    assert wait <= sleeps[0] <= wait * 1.05 + 0.05


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, "<html>oops</html>"),
        Answer(502, ""),
        Answer(200, '{"a": [1, 2'),
        Answer(200, "<!DOCTYPE html><html></html>"),
        Answer(200, '{"a": 1}', cut=True),
        Answer(408, "{}"),
    ],
    ids=["500 page", "502", "truncated", "page", "cut", "408"],
)
def test_what_may_pass_is_tried_again(answer: Answer, sleeps: list[float]) -> None:
    with provider(answer, Answer(body="[1]")) as url, client(url, sleeps) as http:
        assert http.get("/x") == [1]
        assert (http.usage.requests, http.usage.retries) == (2, 1)


def test_trying_again_ends(sleeps: list[float]) -> None:
    with provider(Answer(503, "busy")) as url, client(url, sleeps) as http:
        with pytest.raises(TransientError, match="/x: HTTP 503: busy"):
            http.get("/x")
        assert http.usage.requests == 6
    assert len(sleeps) == 5
    assert sum(sleeps) <= 31


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (
            Answer(401, "Invalid API key. See https://docs.apollo.io"),
            "hubspot account acme: /x: HTTP 401: Invalid API key. See https://docs.apollo.io;"
            " check the key that api_key_env names",
        ),
        (
            Answer(403, '{"error": "not authorized", "error_code": "API_INACCESSIBLE"}'),
            "hubspot account acme: /x: HTTP 403: not authorized; give the key the scope it needs",
        ),
        (
            Answer(404, "<!DOCTYPE html><html>"),
            "hubspot account acme: /x: HTTP 404: an HTML page; check base_url and the id",
        ),
        (
            Answer(422, '{"error": "Invalid parameters"}'),
            "hubspot account acme: /x: HTTP 422: Invalid parameters; the parameters were refused;"
            " check the filters in winnow.yml",
        ),
    ],
    ids=["401", "403", "404", "422"],
)
def test_what_will_not_pass_is_told_at_once_in_one_line(
    answer: Answer, line: str, sleeps: list[float]
) -> None:
    with provider(answer) as url, client(url, sleeps) as http, pytest.raises(TerminalError) as caught:
        http.get("/x")
    assert str(caught.value) == line
    assert sleeps == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(429, '{"message": "You have reached your daily limit.", "policyName": "DAILY"}'),
        Answer(429, "{}", {"Retry-After": str(int(MAX_WAIT_SECONDS) + 1)}),
    ],
    ids=["daily", "longer than a night"],
)
def test_a_quota_that_is_used_up_is_left_to_the_next_run(answer: Answer, sleeps: list[float]) -> None:
    with (
        provider(answer) as url,
        client(url, sleeps) as http,
        pytest.raises(TransientError, match="next run"),
    ):
        http.get("/x")
    assert sleeps == []


def test_apollos_message_inside_a_message_is_unwrapped(sleeps: list[float]) -> None:
    nested = json.dumps({"message": json.dumps({"message": "600 times per hour"})})
    with (
        provider(Answer(429, nested)) as url,
        client(url, sleeps) as http,
        pytest.raises(TransientError) as caught,
    ):
        http.get("/x")
    assert str(caught.value) == "hubspot account acme: /x: HTTP 429, rate limit: 600 times per hour"
    assert http.usage.throttled == 6


def test_no_form_of_the_key_is_in_any_message(sleeps: list[float]) -> None:
    said = f"bad key {SECRET} or s3cret%2Fkey%2B"
    with (
        provider(Answer(400, said)) as url,
        client(url, sleeps) as http,
        pytest.raises(TerminalError) as caught,
    ):
        http.get("/x")
    assert "s3cret" not in str(caught.value)
    with client("http://127.0.0.1:1", sleeps) as http, pytest.raises(TransientError) as unreachable:
        http.get("/x")
    assert "s3cret" not in str(unreachable.value)
    assert unreachable.value.__cause__ is None


def test_what_is_billed_again_is_not_repeated_after_a_doubtful_answer(sleeps: list[float]) -> None:
    with provider(Answer(502, "")) as url, client(url, sleeps) as http:
        with pytest.raises(TransientError):
            http.post("/buy", {}, idempotent=False)
        assert http.usage.requests == 1
    with provider(Answer(429, "{}"), Answer(body="[1]")) as url, client(url, sleeps) as http:
        assert http.post("/buy", {}, idempotent=False) == [1]


def test_our_own_limit_waits_and_is_counted(sleeps: list[float]) -> None:
    with provider(Answer()) as url, client(url, sleeps, limits=[Limit(1, 10)]) as http:
        http.get("/x")
        http.get("/x")
        assert http.usage.waited_seconds == pytest.approx(10.2)


SPENT = {"x-daily-ratelimit-token-remaining": "0", "x-ratelimit-reset": "2"}
LIMITED = '[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]'


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            Answer(429, '{"success":false,"error":"request over limit"}', SPENT),
            "HTTP 429, rate limit: request over",
        ),
        (
            Answer(403, "<!DOCTYPE html><html>Attention Required!</html>"),
            "HTTP 403, rate limit: an HTML page",
        ),
        (Answer(403, LIMITED), "HTTP 403, rate limit: TotalRequests Limit exceeded."),
    ],
    ids=["tokens of a day", "blocked by a gateway", "requests of a day"],
)
def test_a_quota_told_in_another_way_is_left_to_the_next_run(
    answer: Answer, said: str, sleeps: list[float]
) -> None:
    with provider(answer) as url, client(url, sleeps) as http:
        with pytest.raises(TransientError, match="the next run goes on") as caught:
            http.get("/x")
        assert said in str(caught.value)
        assert (http.usage.requests, http.usage.throttled, sleeps) == (1, 1, [])


def test_errors_in_a_list_are_quoted(sleeps: list[float]) -> None:
    answer = Answer(401, '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]')
    with (
        provider(answer) as url,
        client(url, sleeps) as http,
        pytest.raises(TerminalError, match="HTTP 401: Session expired or invalid; check the key"),
    ):
        http.get("/x")


def test_a_budget_is_asked_before_every_request_and_told_what_is_left(sleeps: list[float]) -> None:
    left = {"x-daily-ratelimit-token-remaining": "15"}
    budget = Budget(100, lambda _: 10)
    with provider(Answer(headers=left)) as url, client(url, sleeps, budget=budget) as http:
        http.get("/x")
        assert budget.left == 15
        http.get("/x")
        with pytest.raises(TransientError, match="the day's budget is spent; the next run goes on"):
            http.get("/x")
        assert http.usage.requests == 2


def test_an_answer_of_another_content_type_is_asked_for_again(sleeps: list[float]) -> None:
    page, table = Answer(body="<html></html>"), Answer(body="Id\n1\n", headers={"Content-Type": "text/csv"})
    with provider(page, table) as url, client(url, sleeps) as http:
        assert http.text("/x", accept="text/csv")[0] == "Id\n1\n"
        assert http.usage.retries == 1
