"""`winnow replies`: listed, labelled, judged; at a terminal, without one, and interrupted."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from cli import main
from commands import replies_review
from pipeline import judgements
from pipeline.config import load_config
from pipeline.review import labels, opened_state
from scoring.replies import text_key
from scoring.reply_judgements import MODEL
from tests.conftest import NewProfile
from tests.pipeline.replies_world import CONFIG, Replies
from tests.winnow import winnow
from warehouse import open_warehouse
from warehouse.duckdb import DuckDBWarehouse

UNSURE_TEXT = "That ship may have sailed."
"""Rules are unsure of it."""

ESCAPE = "\x1b[2JHmm, \u202eabc\u202c\u00a0tell me"
GROUP = main.commands["replies"]
assert isinstance(GROUP, click.Group)


class World:
    """A folder with a configuration and replies: two texts for review, one of them sent twice, one sure."""

    def __init__(self, folder: Path) -> None:
        """Publish."""
        self.folder = folder
        (folder / "winnow.yml").write_text(CONFIG)
        self.config = load_config(folder / "winnow.yml")
        self.warehouse = open_warehouse(folder)
        replies = Replies()
        self.sure = replies.reply("Sure.", needs_review=False, intent="interested", confidence=0.9)
        replies.reply(UNSURE_TEXT)
        self.question = replies.reply(ESCAPE, client="beta", intent="question", is_opt_out=True)
        self.newest = replies.reply(UNSURE_TEXT, method="model", model="reader-1", confidence=0.45)
        replies.publish(self.warehouse, self.config.state_dir)

    def said(self) -> list[tuple[str, str, bool, bool]]:
        """Return what people have said."""
        with opened_state(self.config, self.warehouse) as state:
            return [
                (row["text"], row["label"], row["is_opt_out"], row["is_positive"]) for row in labels(state)
            ]

    def review(self, answers: str, monkeypatch: pytest.MonkeyPatch, *options: str) -> Result:
        """Review as at a terminal, with these lines typed."""
        monkeypatch.setattr(replies_review, "is_terminal", lambda: True)
        arguments = ["replies", "review", *options, "--config", str(self.folder / "winnow.yml")]
        return CliRunner().invoke(main, arguments, input=answers)


@pytest.fixture
def world(tmp_path: Path, new_profile: NewProfile, monkeypatch: pytest.MonkeyPatch) -> World:
    """Replies published on DuckDB, and a warehouse that nobody can open since a night writes it."""
    made = World(new_profile("duckdb", tmp_path))
    monkeypatch.setattr(DuckDBWarehouse, "connect", lambda *_, **__: pytest.fail("opens the warehouse"))
    return made


def test_replies_lists_as_before(world: World) -> None:
    rows = json.loads(winnow(world.folder, "replies", "--json").stdout)
    assert [row["intent"] for row in rows] == ["unclear", "question", "unclear", "interested"]
    assert rows[0]["reply_id"] == world.newest
    shown = winnow(world.folder, "replies", "--client", "beta").stdout.splitlines()
    assert len(shown) == 2
    assert shown[1].split()[0] == world.question[:8]
    assert "no replies" in winnow(world.folder, "replies", "--intent", "angry").stdout


def test_options_before_a_subcommand_are_not_lost_in_silence(world: World) -> None:
    done = CliRunner().invoke(main, ["replies", "--client", "acme", "review"])
    assert done.exit_code == 2
    assert "write --client after review, not before it" in done.stderr


@pytest.mark.parametrize("name", sorted(GROUP.commands))
def test_each_subcommand_has_help_an_example_and_the_common_options(name: str) -> None:
    done = CliRunner().invoke(main, ["replies", name, "--help"])
    assert done.exit_code == 0
    assert f"  Example:\n    winnow replies {name}" in done.output
    options = [one for one in GROUP.commands[name].params if isinstance(one, click.Option)]
    assert all(option.help for option in options)
    assert {"--config", "--target", "--json"} <= {opt for option in options for opt in option.opts}


def test_without_a_terminal_nothing_is_asked(world: World) -> None:
    text = winnow(world.folder, "replies", "review").stdout
    assert [line.split()[0] for line in text.splitlines()[1:3]] == [world.newest[:8], world.question[:8]]
    assert "label them with `winnow replies label ID INTENT`" in text
    assert "\x1b" not in text
    rows = json.loads(winnow(world.folder, "replies", "review", "--client", "beta", "--json").stdout)
    assert [(row["reply_id"], row["text"]) for row in rows] == [(world.question, ESCAPE)]
    assert world.said() == []


def test_a_review_keeps_each_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    done = world.review("\n99\nangri\no\nauto_reply\n4\no\nquestion\ny\n", monkeypatch)
    assert done.exit_code == 0
    assert "1 of 2 · 2026-03-01 11:00 · acme · Re: hi · 2 replies say this" in done.stdout
    assert "the model reader-1: unclear, 45% sure; asks to stop: no" in done.stdout
    assert "    [2JHmm, abc tell me\n" in done.stdout, "a stranger's signs do nothing to the terminal"
    for line in ("there is no number 99", "'angri' is no intent; nearest: angry", "opts nobody out"):
        assert line in done.stdout
    assert "kept: objection (opt-out), for 2 replies with this text" in done.stdout
    assert "2 labelled, 0 skipped; labels count from the next `winnow score`" in done.stdout
    assert world.said() == [(UNSURE_TEXT, "objection", True, False), (ESCAPE, "question", False, True)]
    assert world.review("", monkeypatch).stdout == "no reply waits for a label\n"
    assert "1 of 1" in world.review("q\n", monkeypatch, "--all").stdout


def test_a_reply_is_skipped_and_a_review_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    done = world.review("s\nq\n", monkeypatch)
    assert (done.exit_code, world.said()) == (0, [])
    assert "0 labelled, 1 skipped\n" in done.stdout
    assert "1 labelled" in world.review("7\n", monkeypatch, "--limit", "1").stdout


REVIEW = """\
import signal
from cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
main()
"""


def test_an_interrupted_review_keeps_what_was_answered(world: World) -> None:
    config = str(world.folder / "winnow.yml")
    arguments = [sys.executable, "-c", REVIEW, "replies", "review", "--config", config]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        read_until(ours, "q quit): ")
        os.write(ours, b"objection\n")
        assert "kept: objection" in read_until(ours, "q quit): ")
        os.write(ours, b"question\n")
        read_until(ours, "[y/N]: ")
        process.send_signal(signal.SIGINT)
        assert "1 labelled, 0 skipped" in read_until(ours, "Aborted!")
        assert process.wait(60) == 1
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert [row[:2] for row in world.said()] == [(UNSURE_TEXT, "objection")]


def read_until(handle: int, end: str) -> str:
    """Return what a process writes to its terminal, up to `end`; it must come within a minute."""
    shown = ""
    while end not in shown:
        assert select.select([handle], [], [], 60)[0], f"{end!r} does not come after {shown!r}"
        shown += os.read(handle, 4096).decode()
    return shown


def test_a_label_by_id(world: World) -> None:
    label = ("replies", "label")
    text = winnow(world.folder, *label, world.newest[:8], "not-interested").stdout
    assert text == (
        f"reply {world.newest}: not_interested (no opt-out); it counts for 2 replies with this text"
        " from the next `winnow score` (or `winnow run`) on\n"
    )
    said = json.loads(
        winnow(
            world.folder, *label, world.question, "question", "--no-opt-out", "--positive", "--json"
        ).stdout
    )
    flags = {"intent": "question", "is_opt_out": False, "is_positive": True}
    assert said == {"reply_id": world.question, "reply_count": 1, **flags}
    assert world.said() == [(UNSURE_TEXT, "not_interested", False, False), (ESCAPE, "question", False, True)]
    for arguments, message in (
        ((world.newest, "angri"), "'angri' is no intent; nearest: angry"),
        (("ffffffff", "angry"), "no published reply has an id that begins with 'ffffffff'"),
        ((world.newest, "unsubscribe", "--no-opt-out"), "unsubscribe is an opt-out"),
    ):
        (line,) = winnow(world.folder, *label, *arguments, code=2).stderr.splitlines()
        assert line.startswith("error: ")
        assert message in line
    assert len(world.said()) == 2


def test_labels_are_written_as_csv(world: World) -> None:
    assert winnow(world.folder, "replies", "labels").stdout.strip() == ",".join(
        ("text", "label", "is_opt_out", "is_positive", "decided_at", "decided_by")
    )
    winnow(world.folder, "replies", "label", world.newest, "objection")
    out = world.folder / "labels.csv"
    assert (
        winnow(world.folder, "replies", "labels", "--out", str(out)).stdout == f"1 labels written to {out}\n"
    )
    (row,) = csv.DictReader(io.StringIO(out.read_text("utf-8"), newline=""))
    assert (row["text"], row["label"], row["is_opt_out"]) == (UNSURE_TEXT, "objection", "false")
    assert (
        "That ship may have sailed.,objection,false,false,"
        in winnow(world.folder, "replies", "labels").stdout
    )
    assert json.loads(winnow(world.folder, "replies", "labels", "--json").stdout)[0]["label"] == "objection"


def test_rules_and_model_are_judged_side_by_side(world: World) -> None:
    texts = {"Please unsubscribe me from this list.": "unsubscribe", UNSURE_TEXT: "objection"}
    file = world.folder / "given.csv"
    file.write_text("text,label,is_opt_out\n" + "".join(f"{t},{i},\n" for t, i in texts.items()))
    alone = winnow(world.folder, "replies", "evaluate", str(file)).stdout
    assert "2 labelled texts; rules alone leave 1 for review; of a model there are 0 stored answers" in alone
    assert "with the model's answers" not in alone

    said = {"intent": "objection", "confidence": 0.9}
    row = judgements.judgement(text_key(UNSURE_TEXT), MODEL, said, decided_by="run", model="reader-1")
    with opened_state(world.config, world.warehouse) as state, state.begin() as connection:
        judgements.keep(connection, [row])
    text = winnow(world.folder, "replies", "evaluate", str(file)).stdout
    figures = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    assert figures["unsubscribe"] == ["1", *["1.000"] * 6]
    assert figures["objection"] == ["1", "–", "0.000", "0.000", "1.000", "1.000", "1.000"]
    assert figures["accuracy"] == ["0.500", "1.000"]
    assert figures["macro-F1"] == ["0.333", "1.000"]
    found = json.loads(winnow(world.folder, "replies", "evaluate", str(file), "--json").stdout)
    assert (found["answered"], found["settled"]) == (1, 1)
    assert found["rules"]["confusion"]["objection"] == {"unclear": 1}

    winnow(world.folder, "replies", "label", world.newest, "question")
    by_hand = json.loads(winnow(world.folder, "replies", "evaluate", "--json").stdout)
    assert by_hand["with_model"]["confusion"] == {"question": {"objection": 1}}


def test_a_bad_file_is_refused_before_anything_is_opened(world: World) -> None:
    file = world.folder / "given.csv"
    file.write_text("text,label\nhi,angri\n")
    (line,) = winnow(world.folder, "replies", "evaluate", str(file), code=2).stderr.splitlines()
    assert line == f"error: {file}:2: 'angri' is no intent; nearest: angry"
    missing = winnow(world.folder, "replies", "evaluate", str(world.folder / "none.csv"), code=2)
    assert "none.csv' does not exist" in missing.stderr
    (line,) = winnow(world.folder, "replies", "evaluate", code=2).stderr.splitlines()
    assert line.startswith("error: nobody has labelled a reply yet")
