"""Webhooks in a folder: what is new is read once, what is wrong is refused alone, no secret lands."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.errors import TerminalError
from ingestion.jobs import Job
from ingestion.values import Json
from ingestion.webhooks import CURSOR, read_webhooks
from pipeline.config import ConfigError, load_config
from tests.ingestion.conftest import agency
from tests.ingestion.fakes import job as fake_job
from tests.ingestion.fakes import spooled

AT = "2026-03-01T09:00:00.000Z"
SECRET = "hush-hush"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)


@pytest.fixture
def hooks(tmp_path: Path) -> Path:
    """An empty folder for webhooks."""
    folder = tmp_path / "hooks"
    folder.mkdir()
    return folder


def opened(number: int, **more: Json) -> dict[str, Any]:
    """Return an open as Smartlead tells of it."""
    return {
        "event_type": "EMAIL_OPEN",
        "stats_id": f"s{number}",
        "campaign_id": 7,
        "to_email": "Lead@x.example",
        "event_timestamp": f"2026-03-01T08:00:{number:02d}Z",
        **more,
    }


def envelope(body: Json, **more: Json) -> str:
    """Return a line as a receiver writes it."""
    return json.dumps({"received_at": AT, "headers": {}, "raw_body": json.dumps(body), **more})


def made(folder: Path, address: Path | str, source: str = "smartlead", **options: Any) -> Job:
    """Return a job of an account with webhooks; secret: the name of its variable."""
    secret = options.pop("secret", None)
    account = {"name": "main", "api_key_env": "KEY", "client": "acme", "webhooks": str(address)}
    config = agency(**{source: [account | ({"webhook_secret_env": secret} if secret else {})]})
    spool = folder / f"spool{len(list(folder.glob('spool*')))}"
    return fake_job(source, config, spool, lambda *_: None, **options)[0]


def read(made_job: Job) -> dict[str, Any]:
    """Read the webhooks of a job; return the whole cursor."""
    address = made_job.account.webhooks
    assert address
    return {CURSOR: read_webhooks(made_job, address)}


def taken(made_job: Job) -> list[str]:
    return sorted(row["message_id"] or "" for row in spooled(made_job, "webhooks"))


def refused(made_job: Job) -> list[tuple[str, str]]:
    return [(row["place"], row["reason"]) for row in spooled(made_job, "quarantine")]


def test_a_file_that_grows_is_read_on_and_a_half_line_waits(tmp_path: Path, hooks: Path) -> None:
    path = hooks / "2026" / "events.jsonl"
    path.parent.mkdir()
    line = envelope(opened(3)) + "\n"
    path.write_text(envelope(opened(1)) + "\n\n" + envelope(opened(2)) + "\n" + line[:40])
    first = made(tmp_path, hooks)
    cursor = read(first)
    assert taken(first) == ["s1", "s2"]
    assert refused(first) == []
    with path.open("a") as file:
        file.write(line[40:] + "{broken\n" + envelope(opened(4)))
    second = made(tmp_path, hooks, cursor=cursor)
    cursor = read(second)
    assert taken(second) == ["s3", "s4"], "a last line that is whole needs no end"
    assert [place for place, _ in refused(second)] == ["2026/events.jsonl:5"]
    third = made(tmp_path, hooks, cursor=cursor)
    assert read(third) == cursor
    assert taken(third) == []
    path.write_text("".join(envelope(opened(n)) + "\n" for n in range(10, 16)))
    replaced = made(tmp_path, hooks, cursor=cursor)
    read(replaced)
    assert len(taken(replaced)) == 6, "another file of the same name is read from its beginning"


def test_a_line_that_nobody_finishes_is_refused_at_last(tmp_path: Path, hooks: Path) -> None:
    (hooks / "a.jsonl").write_text(envelope(opened(1)) + '\n{"received_at": "2026')
    cursor: dict[str, Any] = {}
    found = []
    for _ in range(3):
        night = made(tmp_path, hooks, cursor=cursor)
        cursor = read(night)
        found.append((taken(night), [place for place, _ in refused(night)]))
    assert found == [(["s1"], []), ([], ["a.jsonl:2"]), ([], [])]


def test_whole_files_are_read_once_whatever_else_lies_there(tmp_path: Path, hooks: Path) -> None:
    (hooks / "one.json").write_text(envelope(opened(1)))
    (hooks / "bare.json").write_text(json.dumps([opened(2), opened(3)]))
    (hooks / ".hidden.json").write_text("no")
    (hooks / "notes.txt").write_text("no")
    first = made(tmp_path, hooks)
    cursor = read(first)
    assert taken(first) == ["s1", "s2", "s3"]
    assert first.notes == ["smartlead account main: 1 files among the webhooks are neither .json nor .jsonl"]
    (hooks / "one.json").unlink()
    (hooks / "two.json").write_text(envelope(opened(4)))
    second = made(tmp_path, hooks, cursor=cursor)
    assert len(base64.b64decode(read(second)[CURSOR]["whole"])) == 2 * 8, "what is gone is forgotten"
    assert taken(second) == ["s4"]


def test_what_is_wrong_is_refused_alone_and_keeps_no_secret(tmp_path: Path, hooks: Path) -> None:
    signature = {"X-Smartlead-Signature": "sha256=00"}
    lines = [
        envelope(opened(1, secret_key=SECRET, webhook_url="https://x.example/?token=t")),
        envelope(opened(2, secret_key="not it")),
        envelope(opened(3), headers=signature),
        envelope(opened(4), received_at="yesterday"),
        envelope(opened(5), headers=["a"]),
        json.dumps({"raw_body": '{"secret_key": "hush-hush"', "headers": {"authorization": "Basic hush"}}),
        json.dumps({"raw_body": {"a": 1}}),
        envelope(opened(6, event_timestamp="soon")),
        envelope({"stats_id": "s7"}),
        envelope([1]),
        '{"secret_key": "hush-hush", ',
        json.dumps({"raw_body": "***", "is_base64": True}),
        envelope(opened(8)),
    ]
    (hooks / "a.jsonl").write_text("\n".join(lines) + "\n")
    (hooks / "b.jsonl").write_bytes(b"\xff\xfe\n")
    night = made(tmp_path, hooks, secret="HOOK_SECRET")
    read(night)
    assert [(row["message_id"], row["is_verified"]) for row in spooled(night, "webhooks")] == [
        ("s1", True),
        ("s8", False),
    ]
    assert refused(night) == [
        ("a.jsonl:2", "secret_key does not match; check webhook_secret_env"),
        ("a.jsonl:3", "X-Smartlead-Signature does not match; check webhook_secret_env"),
        ("a.jsonl:4", "received_at: expected a moment such as 2026-01-31T09:30:00Z, got str 'yesterday'"),
        ("a.jsonl:5", "headers: expected an object of names and values"),
        ("a.jsonl:6", "raw_body: is not JSON: Expecting ',' delimiter: line 1 column 27 (char 26)"),
        ("a.jsonl:7", "raw_body: expected text, got dict"),
        (
            "a.jsonl:8:occurred_at",
            "occurred_at: expected a moment such as 2026-01-31T09:30:00Z, got str 'soon'",
        ),
        ("a.jsonl:9", "event_type: is missing"),
        ("a.jsonl:10", "expected an object, got list"),
        (
            "a.jsonl:11",
            "is not JSON: Expecting property name enclosed in double quotes: line 1 column 28 (char 27)",
        ),
        ("a.jsonl:12", "raw_body: is not what is_base64 says"),
        ("b.jsonl:1", "is not UTF-8"),
    ]
    everything = str(spooled(night, "webhooks")) + str(spooled(night, "quarantine"))
    assert not any(word in everything for word in ("hush", "not it", "token=t"))
    assert '"stats_id": "s3"' in everything, "but what was refused is kept"
    tally = night.spool.tallies["webhooks"]
    assert (tally.received, tally.quarantined) == (14, 12)


def test_a_copy_is_a_row_of_its_own_with_the_same_id(tmp_path: Path, hooks: Path) -> None:
    later = envelope(opened(1), received_at="2026-03-01T09:05:00Z")
    encoded = base64.b64encode(json.dumps(opened(1)).encode()).decode()
    same = json.dumps({"received_at": AT, "raw_body": encoded, "is_base64": True})
    (hooks / "a.jsonl").write_text("\n".join([envelope(opened(1)), later, same]) + "\n")
    night = made(tmp_path, hooks)
    read(night)
    found = spooled(night, "webhooks")
    assert len(found) == 2
    assert len({row["id"] for row in found}) == 1
    assert {row["lead_key"] for row in found} == {"email:lead@x.example"}
    assert {row["is_verified"] for row in found} == {None}


def test_types_that_nobody_knows_land_and_are_listed(tmp_path: Path, hooks: Path) -> None:
    bodies = [opened(1), opened(2, event_type="EMAIL_SUNG"), opened(3, event_type="EMAIL_SUNG")]
    (hooks / "a.json").write_text(json.dumps(bodies))
    night = made(tmp_path, hooks)
    read(night)
    assert taken(night) == ["s1", "s2", "s3"]
    assert night.notes == [
        "smartlead account main: webhooks of types that winnow does not know: 'EMAIL_SUNG' (2)"
    ]


def test_time_and_limit_leave_files_to_the_next_night(tmp_path: Path, hooks: Path) -> None:
    for number in range(3):
        (hooks / f"{number}.json").write_text(envelope(opened(number)))
    limited = made(tmp_path, hooks, limit=1)
    assert read(limited) == {CURSOR: {}}
    assert taken(limited) == ["s0"]
    late = made(tmp_path, hooks)
    clock: Iterator[float] = iter([5.0, 0.0])
    object.__setattr__(late, "seconds_left", lambda: next(clock))
    cursor = read(late)
    assert taken(late) == ["s0"]
    assert late.notes == ["smartlead account main: 1 files of webhooks read; 2 are left, about 2 more nights"]
    rest = made(tmp_path, hooks, cursor=cursor)
    read(rest)
    assert taken(rest) == ["s1", "s2"]


def test_any_store_that_fsspec_knows_will_do(tmp_path: Path) -> None:
    import fsspec

    store = fsspec.filesystem("memory")
    store.pipe("/inbox/smartlead/1.json", envelope(opened(1)).encode())
    store.pipe("/inbox/smartlead/more/2.jsonl", (envelope(opened(2)) + "\n").encode())
    night = made(tmp_path, "memory://inbox/smartlead")
    cursor = read(night)
    assert taken(night) == ["s1", "s2"]
    again = made(tmp_path, "memory://inbox/smartlead", cursor=cursor)
    assert read(again) == cursor
    assert taken(again) == []
    nothing = made(tmp_path, "memory://elsewhere")
    read(nothing)
    assert taken(nothing) == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/nowhere/at/all", "webhooks: /nowhere/at/all is no folder; make it or correct webhooks"),
        ("adl://user:hush@store/inbox", r"webhooks: adl:// needs a package that is not installed"),
    ],
)
def test_a_folder_that_cannot_be_opened_says_what_to_do(tmp_path: Path, address: str, said: str) -> None:
    with pytest.raises(TerminalError, match=said) as caught:
        read(made(tmp_path, address))
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_secret_that_is_not_set_is_said(tmp_path: Path, hooks: Path) -> None:
    with pytest.raises(TerminalError, match="environment variable NOT_SET is not set; export it or take"):
        read(made(tmp_path, hooks, secret="NOT_SET"))


@pytest.mark.parametrize(
    ("source", "keys", "said"),
    [
        ("salesforce", "webhooks: x", "webhooks: salesforce sends none; take it out"),
        ("instantly", "webhooks: x, webhook_secret_env: X", "instantly does not sign its webhooks"),
        ("smartlead", "webhook_secret_env: X", "there are no webhooks; name their folder in webhooks"),
    ],
)
def test_winnow_yml_says_what_cannot_be(tmp_path: Path, source: str, keys: str, said: str) -> None:
    path = tmp_path / "winnow.yml"
    account = f"{{name: main, api_key_env: KEY, {keys}}}"
    path.write_text(f"agency: {{name: A}}\nsources:\n  {source}:\n    accounts:\n      - {account}\n")
    with pytest.raises(ConfigError, match=said):
        load_config(path)


def test_a_folder_is_beside_winnow_yml_and_a_url_is_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "winnow.yml"
    for given, expected in (("in/s", str(tmp_path / "in" / "s")), ("s3://b/s", "s3://b/s")):
        account = f"{{name: main, api_key_env: KEY, webhooks: '{given}'}}"
        path.write_text(f"agency: {{name: A}}\nsources:\n  smartlead:\n    accounts:\n      - {account}\n")
        assert load_config(path).sources.smartlead.accounts[0].webhooks == expected
