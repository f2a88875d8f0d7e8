"""The Message Batches API, asked by the real SDK."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic
import httpx
import pytest

from sandbox import Agency, ClaudeBehaviour, Fault, Plan, Server, claude_fault
from sandbox.keys import ANTHROPIC_KEY
from tests.sandbox.claude_requests import SCHEMA, answer, params, requests, results, run
from tests.sandbox.shapes import fields

YES = "This sounds interesting. Tell me more."
NO = "No thanks."
TAKEN = "We signed with another vendor in the autumn."
BATCH = fields(
    "id type processing_status request_counts ended_at created_at expires_at cancel_initiated_at results_url"
    " archived_at"
)
FAST = ClaudeBehaviour(polls_until_ended=0)


def sdk(server: Server, **settings: Any) -> anthropic.Anthropic:
    settings = {"api_key": ANTHROPIC_KEY, "max_retries": 0} | settings
    return anthropic.Anthropic(base_url=f"{server.url}/anthropic", **settings)


@pytest.fixture
def client(server: Server) -> Iterator[anthropic.Anthropic]:
    with sdk(server) as client:
        yield client


@pytest.fixture
def raw(server: Server) -> Iterator[httpx.Client]:
    headers = {"x-api-key": ANTHROPIC_KEY, "anthropic-version": "2023-06-01"}
    with httpx.Client(base_url=f"{server.url}/anthropic/v1/messages", headers=headers) as client:
        yield client


def test_a_batch_is_created_polled_and_read(client: anthropic.Anthropic, server: Server) -> None:
    made = client.messages.batches.create(requests=requests(YES, NO, TAKEN))
    assert made.processing_status == "in_progress"
    assert made.expires_at - made.created_at == timedelta(hours=24)
    assert made.results_url is made.ended_at is None
    with pytest.raises(anthropic.AnthropicError, match="Has it finished processing"):
        client.messages.batches.results(made.id)
    ended = client.messages.batches.retrieve(made.id)
    assert ended.processing_status == "ended"
    assert ended.results_url == f"{server.url}/anthropic/v1/messages/batches/{made.id}/results"
    assert (made.request_counts.processing, made.request_counts.succeeded) == (3, 0)
    assert (ended.request_counts.processing, ended.request_counts.succeeded) == (0, 3)
    rows = list(client.messages.batches.results(made.id))
    assert {row.custom_id for row in rows} == {"r0", "r1", "r2"}
    said = {row.custom_id: answer(row.result) for row in rows}
    assert [said[f"r{i}"]["intent"] for i in range(3)] == ["interested", "not_interested", "objection"]
    assert said["r2"]["objection_type"] == "competitor"
    assert server.claude.charges == {YES: 1, NO: 1, TAKEN: 1}


def test_shapes_are_the_real_ones(raw: httpx.Client, server: Server) -> None:
    server.claude.behaviour = FAST
    made = raw.post(
        "/batches", json={"requests": requests(YES, NO, max_tokens=None)[:1] + requests("", NO)[1:]}
    )
    assert made.json().keys() == BATCH
    assert made.headers["request-id"].startswith("req_")
    batch = raw.get(f"/batches/{made.json()['id']}").json()
    assert batch.keys() == BATCH
    assert batch["request_counts"].keys() == fields("processing succeeded errored canceled expired")
    assert made.json()["id"].startswith("msgbatch_01")
    answered = raw.get(f"/batches/{batch['id']}/results")
    assert answered.headers["content-type"] == "application/x-jsonl"
    rows = {row["custom_id"]: row["result"] for row in map(json.loads, answered.text.splitlines())}
    envelope = rows["r0"]["error"]
    assert envelope.keys() == {"type", "error", "request_id"}
    assert envelope["error"] == {"type": "invalid_request_error", "message": "max_tokens: Field required"}
    message = rows["r1"]["message"]
    assert message.keys() == fields("id type role model content stop_reason stop_sequence usage")
    assert message["usage"].keys() == fields(
        "input_tokens cache_creation_input_tokens cache_read_input_tokens cache_creation output_tokens"
        " service_tier"
    )


def test_results_come_in_another_order_always_the_same(raw: httpx.Client, server: Server) -> None:
    server.claude.behaviour = FAST
    for count in (2, 2, 2, 2, 2, 2, 9):
        batch = raw.post("/batches", json={"requests": requests(*[NO] * count)}).json()["id"]
        raw.get(f"/batches/{batch}")
        lines, again = (raw.get(f"/batches/{batch}/results").text.splitlines() for _ in range(2))
        ids = [json.loads(line)["custom_id"] for line in lines]
        assert lines == again
        assert sorted(ids) == [f"r{i}" for i in range(count)] != ids


def test_a_batch_ends_after_the_polls_that_were_set(client: anthropic.Anthropic, server: Server) -> None:
    server.claude.behaviour = ClaudeBehaviour(polls_until_ended=3)
    batch = client.messages.batches.create(requests=requests(NO))
    shown = [client.messages.batches.retrieve(batch.id).processing_status for _ in range(4)]
    assert shown == ["in_progress"] * 3 + ["ended"]


def test_slow_batches_end_by_night_or_when_told(client: anthropic.Anthropic, server: Server) -> None:
    server.claude.behaviour = ClaudeBehaviour(polls_until_ended=None, nights_until_ended=1)
    slow = client.messages.batches.create(requests=requests(NO))
    assert {client.messages.batches.retrieve(slow.id).processing_status for _ in range(5)} == {"in_progress"}
    server.as_of += timedelta(days=1)
    assert [batch.processing_status for batch in client.messages.batches.list()] == ["ended"]
    other = client.messages.batches.create(requests=requests(NO))
    server.claude.end_all()
    assert client.messages.batches.retrieve(other.id).processing_status == "ended"
    assert server.claude.charges[NO] == 2


def test_what_is_not_done_in_a_day_expires_and_costs_nothing(
    client: anthropic.Anthropic, server: Server
) -> None:
    server.claude.behaviour = ClaudeBehaviour(polls_until_ended=None)
    batch = client.messages.batches.create(requests=requests(NO, YES))
    server.as_of += timedelta(days=1)
    assert client.messages.batches.retrieve(batch.id).processing_status == "in_progress"
    server.as_of += timedelta(days=1)
    assert {row.type for row in results(client, batch.id).values()} == {"expired"}
    assert client.messages.batches.retrieve(batch.id).request_counts.expired == 2
    assert not +server.claude.charges


def test_results_are_kept_for_29_days(client: anthropic.Anthropic, server: Server) -> None:
    server.claude.behaviour = FAST
    batch = client.messages.batches.create(requests=requests(NO))
    client.messages.batches.retrieve(batch.id)
    server.as_of += timedelta(days=29)
    assert list(client.messages.batches.results(batch.id))
    server.as_of += timedelta(days=1)
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.results(batch.id)
    assert client.messages.batches.retrieve(batch.id).archived_at is not None


def test_lists_are_paged_newest_first(client: anthropic.Anthropic) -> None:
    ids = [client.messages.batches.create(requests=requests(NO)).id for _ in range(5)][::-1]
    first = client.messages.batches.list(limit=2)
    assert ([batch.id for batch in first.data], first.has_more) == (ids[:2], True)
    assert (first.first_id, first.last_id) == (ids[0], ids[1])
    assert [batch.id for batch in first] == ids
    last = client.messages.batches.list(after_id=ids[2])
    assert ([batch.id for batch in last.data], last.has_more) == (ids[3:], False)
    newer = client.messages.batches.list(before_id=ids[3], limit=2)
    assert ([batch.id for batch in newer.data], newer.has_more) == (ids[1:3], True)


def test_an_empty_list_has_no_ids(client: anthropic.Anthropic) -> None:
    page = client.messages.batches.list()
    assert (page.data, page.has_more, page.first_id, page.last_id) == ([], False, None, None)


def test_bad_pages_are_refused(client: anthropic.Anthropic) -> None:
    for wrong in ({"limit": 0}, {"limit": 1001}, {"after_id": "msgbatch_none"}):
        with pytest.raises(anthropic.BadRequestError):
            client.messages.batches.list(**wrong)  # type: ignore[arg-type]  # wrong by intent


def test_a_cancelled_batch_bills_what_was_done(client: anthropic.Anthropic, server: Server) -> None:
    server.claude.behaviour = ClaudeBehaviour(polls_until_ended=9, done_before_cancel=1)
    batch = client.messages.batches.create(requests=requests(NO, YES, TAKEN))
    cancelled = client.messages.batches.cancel(batch.id)
    assert cancelled.processing_status == "canceling"
    assert cancelled.cancel_initiated_at is not None
    kinds = {name: row.type for name, row in results(client, batch.id).items()}
    assert kinds == {"r0": "succeeded", "r1": "canceled", "r2": "canceled"}
    assert +server.claude.charges == {NO: 1}
    with pytest.raises(anthropic.BadRequestError):
        client.messages.batches.cancel(batch.id)


def test_only_ended_batches_can_be_deleted(client: anthropic.Anthropic, server: Server) -> None:
    batch = client.messages.batches.create(requests=requests(NO))
    with pytest.raises(anthropic.BadRequestError, match="cancel it first"):
        client.messages.batches.delete(batch.id)
    server.claude.end_all()
    assert client.messages.batches.delete(batch.id).type == "message_batch_deleted"
    assert not server.claude.batches
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.retrieve(batch.id)


def test_keys_and_versions_are_checked(server: Server, raw: httpx.Client) -> None:
    with sdk(server, api_key="wrong") as client, pytest.raises(anthropic.AuthenticationError) as caught:
        client.messages.batches.list()
    assert caught.value.body["error"]["type"] == "authentication_error"  # type: ignore[index]  # untyped body
    del raw.headers["anthropic-version"]
    answered = raw.get("/batches")
    assert (answered.status_code, answered.json()["type"]) == (400, "error")
    assert "anthropic-version: header is required" in answered.text
    assert raw.get("/batches", headers={"anthropic-version": "2020-01-01"}).status_code == 400
    del raw.headers["x-api-key"]
    assert raw.get("/batches").status_code == 401
    bearer = {"Authorization": f"Bearer {ANTHROPIC_KEY}", "anthropic-version": "2026-10-21"}
    assert raw.get("/batches", headers=bearer).status_code == 200
    assert raw.get("/batches/x/y", headers=bearer).json()["error"]["type"] == "not_found_error"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a b"], "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"),
        (["fine", "x" * 65], "requests.1.custom_id: String should match"),
        (["fine", "ümlaut"], "requests.1.custom_id: String should match"),
        (["same", "other", "same"], "requests.2.custom_id: same is not unique"),
        ([], "requests: List should have at least 1 item"),
    ],
)
def test_one_bad_id_refuses_the_whole_batch(
    client: anthropic.Anthropic, server: Server, names: list[str], message: str
) -> None:
    rows: list[Any] = [{"custom_id": name, "params": params(NO)} for name in names]
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.batches.create(requests=rows)
    assert message in str(caught.value)
    assert not server.claude.batches


def test_what_is_no_batch_is_refused(raw: httpx.Client) -> None:
    bodies = (b"{", b"[]", b'{"requests": 1}', b'{"requests": [1]}', b'{"requests": [{"custom_id": "a"}]}')
    assert {raw.post("/batches", content=body).status_code for body in bodies} == {400}


def test_a_batch_that_is_too_large_is_refused(client: anthropic.Anthropic, server: Server) -> None:
    for behaviour in (ClaudeBehaviour(max_bytes=4000), ClaudeBehaviour(max_requests=2)):
        server.claude.behaviour = behaviour
        with pytest.raises(anthropic.APIStatusError) as caught:
            client.messages.batches.create(requests=requests(NO, NO, NO))
        assert (caught.value.status_code, caught.value.type) == (413, "request_too_large")
        assert client.messages.batches.create(requests=requests(NO)).id in server.claude.batches


@pytest.mark.parametrize("error", ["rate_limit_error", "overloaded_error", "api_error"])
def test_a_create_can_fail_and_nothing_is_made(server: Server, error: str) -> None:
    server.order(claude_fault(error, method="POST", headers={"retry-after-ms": "1"}, times=1))
    with sdk(server) as client:
        assert not client.messages.batches.list().data, "a fault of POST lets GET pass"
        with pytest.raises(anthropic.APIStatusError) as caught:
            client.messages.batches.create(requests=requests(NO))
    assert caught.value.type == error
    assert caught.value.response.headers["retry-after-ms"] == "1"
    assert not server.claude.batches
    server.order(claude_fault(error, method="POST", headers={"retry-after-ms": "1"}, times=1))
    with sdk(server, max_retries=1) as patient:
        patient.messages.batches.create(requests=requests(NO))
    assert len(server.claude.batches) == 1
    assert (server.requests["anthropic", "create", 200], len(server.met)) == (1, 1)


@pytest.mark.parametrize(
    "fault",
    [
        claude_fault("api_error", method="POST", is_late=True, headers={"retry-after-ms": "1"}, times=1),
        Fault("anthropic", method="POST", status=0, is_late=True, times=1),
        Fault("anthropic", method="POST", status=None, is_cut=True, times=1),
    ],
    ids=["500", "closed", "cut"],
)
def test_a_create_can_fail_after_the_batch_was_made(server: Server, fault: Fault) -> None:
    server.order(fault)
    with sdk(server) as client:
        with pytest.raises((anthropic.APIConnectionError, anthropic.InternalServerError)):
            client.messages.batches.create(requests=requests(NO))
        (lost,) = client.messages.batches.list()
        assert results(client, lost.id)["r0"].type == "succeeded"
    assert server.claude.charges == {NO: 1}


def test_the_sdk_by_itself_pays_twice_when_an_answer_is_lost(server: Server) -> None:
    lost = claude_fault("api_error", method="POST", is_late=True, headers={"retry-after-ms": "1"}, times=1)
    server.order(lost)
    with sdk(server, max_retries=2) as client:
        client.messages.batches.create(requests=requests(NO))
    server.claude.end_all()
    assert (len(server.claude.batches), server.claude.charges[NO]) == (2, 2)


def test_results_can_be_cut_in_the_middle(client: anthropic.Anthropic, server: Server) -> None:
    server.claude.behaviour = FAST
    texts = [f"{NO} {number}" for number in range(20)]
    batch = client.messages.batches.create(requests=requests(*texts))
    server.order(Fault("anthropic", path="/results", status=None, is_cut=True, times=1))
    client.messages.batches.retrieve(batch.id)
    read: list[str] = []
    with pytest.raises(Exception, match=r"peer closed|incomplete"):
        read.extend(row.custom_id for row in client.messages.batches.results(batch.id))
    assert len(read) < 20
    assert len(list(client.messages.batches.results(batch.id))) == 20


def test_a_batch_can_be_unknown_for_a_moment(client: anthropic.Anthropic, server: Server) -> None:
    batch = client.messages.batches.create(requests=requests(NO))
    server.order(claude_fault("not_found_error", path=batch.id, times=1))
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.retrieve(batch.id)
    assert client.messages.batches.retrieve(batch.id).id == batch.id


def test_two_agencies_of_one_seed_make_the_same_batches(server: Server, agency: Agency) -> None:
    from math import inf

    from sandbox import serve

    shown = []
    for running in (server, serve(agency, as_of=server.as_of, speed=inf)):
        with running, sdk(running) as client:
            batch = client.messages.batches.create(requests=requests(YES, NO))
            rows = results(client, batch.id)
            shown.append((batch, {name: row.to_dict() for name, row in rows.items()}))
    assert shown[0] == shown[1]
    assert shown[0][0].created_at.astimezone(UTC) - server.as_of < timedelta(seconds=1)
    assert isinstance(shown[0][0].created_at, datetime)


def test_plans_are_for_a_text_a_row_and_an_attempt(client: anthropic.Anthropic, server: Server) -> None:
    server.claude.behaviour = ClaudeBehaviour(
        polls_until_ended=0,
        plans=[
            Plan("errored", text=NO, times=1),
            Plan("expired", text=TAKEN, skip=1),
            Plan("canceled", row=3),
        ],
    )
    rounds = [[row.type for _, row in sorted(run(client, YES, NO, TAKEN, "?").items())] for _ in range(3)]
    assert rounds == [
        ["succeeded", "errored", "succeeded", "canceled"],
        ["succeeded", "succeeded", "expired", "canceled"],
        ["succeeded", "succeeded", "expired", "canceled"],
    ]
    assert +server.claude.charges == {YES: 3, NO: 2, TAKEN: 1}


def test_what_can_be_wrong_with_an_answer_that_is_billed(client: anthropic.Anthropic, server: Server) -> None:
    wrong = ("refusal", "max_tokens", "invalid_json", "unknown_label")
    plans = [Plan(outcome, row=row) for row, outcome in enumerate(wrong)]  # type: ignore[arg-type]
    server.claude.behaviour = ClaudeBehaviour(polls_until_ended=0, plans=plans)
    rows = run(client, *[YES] * 4)
    refused, cut, broken, strange = (rows[f"r{i}"].message for i in range(4))
    assert (refused.stop_reason, refused.content, refused.usage.output_tokens) == ("refusal", [], 0)
    assert refused.stop_details.type == "refusal"
    assert cut.stop_reason == "max_tokens"
    assert broken.stop_reason == strange.stop_reason == "end_turn"
    for message in (cut, broken):
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            json.loads(message.content[0].text)
    label = answer(rows["r3"])["intent"]
    assert label not in SCHEMA["properties"]["intent"]["enum"]
    assert server.claude.charges[YES] == 4


def test_an_errored_row_says_why(client: anthropic.Anthropic, server: Server) -> None:
    plans = [Plan("errored", row=0), Plan("errored", row=1, error="overloaded_error")]
    server.claude.behaviour = ClaudeBehaviour(polls_until_ended=0, plans=plans)
    rows = run(client, NO, YES)
    assert [rows[name].error.error.type for name in ("r0", "r1")] == ["api_error", "overloaded_error"]
    assert rows["r0"].error.request_id.startswith("req_")
    assert not +server.claude.charges
