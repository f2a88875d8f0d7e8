"""Rules and model judged by what people say: figures by hand, nothing leaks, bad files change nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from pipeline import judgements, reply_evaluation
from pipeline.errors import UsageError
from pipeline.export import write_csv
from pipeline.reply_evaluation import Example, by_hand, compare
from pipeline.reply_examples import SHOWN, read_examples
from pipeline.review import LABEL_COLUMNS, labels
from scoring.replies import ReplyLabel, conclude, label, text_key
from scoring.reply_judgements import MODEL, PERSON

READ = {
    "stop": ("unsubscribe", 0.95),
    "fine": ("interested", 0.85),
    "what": ("question", 0.75),
    "hm": ("unclear", 0.35),
    "well": ("unclear", 0.25),
}
"""What stands in for the rules, whose words change: what they make of a text, and how sure they are."""

EXAMPLES = [
    Example("stop", "unsubscribe", is_opt_out=True, is_positive=False),
    Example("fine", "interested", is_opt_out=False, is_positive=True),
    Example("what", "interested", is_opt_out=True, is_positive=True),
    Example("hm", "objection"),
    Example("well", "unclear", is_opt_out=False),
]


@pytest.fixture
def ruled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that read as READ says."""

    def read(*given: Any) -> ReplyLabel:
        intent, confidence = READ[given[1]]
        found = replace(label(*given), intent=intent, confidence=confidence)
        return conclude(replace(found, is_opt_out=False, is_positive=False, language="en"))

    monkeypatch.setattr(reply_evaluation, "label", read)


def said(state: Engine, method: str, text: str, **fields: Any) -> None:
    row = judgements.judgement(text_key(text), method, fields, decided_by="ada", model="m", text=text)
    with state.begin() as connection:
        judgements.keep(connection, [row])


@pytest.mark.usefixtures("ruled")
def test_the_figures_of_rules_and_model_are_those_by_hand(state: Engine) -> None:
    said(state, MODEL, "hm", intent="question", confidence=0.7)
    said(state, MODEL, "hm", intent="objection", confidence=0.65)  # asked again: the newest counts
    said(state, MODEL, "fine", intent="angry", confidence=1.0)  # where rules are sure a model decides nothing
    said(state, MODEL, "elsewhere", intent="angry", confidence=1.0)
    found = compare(state, EXAMPLES)
    assert (found.count, found.unsure, found.answered, found.settled) == (5, 2, 2, 1)

    rules = found.rules.intents
    assert rules.accuracy == pytest.approx(3 / 5)
    interested, unclear = rules.of("interested"), rules.of("unclear")
    assert (interested.precision, interested.recall, interested.f1) == (1.0, 0.5, pytest.approx(2 / 3))
    assert (unclear.precision, unclear.recall, unclear.f1) == (0.5, 1.0, pytest.approx(2 / 3))
    assert (rules.of("objection").support, rules.of("objection").precision) == (1, None)
    assert rules.macro_f1 == pytest.approx((1 + 2 / 3 + 2 / 3 + 0 + 0) / 5), "of those said or read"
    distances = [0.05, 0.15, 0.75, 0.35, 0.75]  # each alone in its bin
    assert rules.expected_calibration_error == pytest.approx(sum(distances) / 5)
    assert rules.confusion[("objection", "unclear")] == 1

    model = found.with_model.intents
    assert model.accuracy == pytest.approx(4 / 5)
    assert (model.of("objection").f1, model.of("unclear").f1) == (1.0, 1.0)
    assert model.of("angry").predicted == 0

    opt_out, positive = (found.rules.flags[name] for name in ("is_opt_out", "is_positive"))
    assert (opt_out.precision, opt_out.recall, opt_out.support) == (1.0, 0.5, 2)
    assert (positive.precision, positive.recall, positive.support) == (1.0, 0.5, 2)
    shown = found.as_json()
    assert shown["rules"]["confusion"]["interested"] == {"interested": 1, "question": 1}
    assert shown["rules"]["flags"]["is_opt_out"]["recall"] == 0.5
    assert (shown["answered"], shown["with_model"]["accuracy"]) == (2, pytest.approx(0.8))


@pytest.mark.usefixtures("ruled")
def test_what_a_person_said_decides_nothing_when_it_is_judged_by(state: Engine) -> None:
    said(state, MODEL, "hm", intent="question", confidence=0.7)
    said(state, PERSON, "hm", intent="objection", is_opt_out=False, is_positive=False)
    said(state, PERSON, "what", intent="interested")
    given = by_hand(state)
    assert [(one.text, one.label, one.is_opt_out) for one in given] == [
        ("hm", "objection", False),
        ("what", "interested", None),
    ]
    found = compare(state, given)
    assert (found.rules.intents.accuracy, found.with_model.intents.accuracy) == (0.0, 0.0)
    assert found.with_model.intents.confusion == {("interested", "question"): 1, ("objection", "question"): 1}


def test_a_text_as_received_finds_the_answer_to_what_was_written_last(state: Engine) -> None:
    said(state, MODEL, "Hmm.", intent="objection", confidence=0.9)
    body = "Hmm.\n\nOn Mon, Mar 2, 2026 at 9:00 AM Bob <b@x.example> wrote:\n> Hi"
    assert compare(state, [Example(body, "objection")]).answered == 1


def test_nobody_has_labelled_anything(state: Engine) -> None:
    with pytest.raises(
        UsageError, match="nobody has labelled a reply yet; do so with `winnow replies review`"
    ):
        by_hand(state)


def test_labels_come_back_from_the_file_as_they_were_said(state: Engine, tmp_path: Path) -> None:
    texts = ['=cmd|"/c calc"!A0', "'=x", '- yes,\n\n  "sure"\r\nBob', "'quoted' words", "Grüße, ça va?"]
    for text in texts:
        said(state, PERSON, text, intent="interested", is_opt_out=False, is_positive=True)
    path = tmp_path / "labels.csv"
    assert write_csv(path, LABEL_COLUMNS, labels(state)) == len(texts)
    assert read_examples(path) == by_hand(state)
    assert [one.text for one in read_examples(path)] == texts


def test_columns_are_used_where_they_are_filled(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "\ufeffLabel,text,subject,received_on,is_opt_out,is_positive,other\n"
        "Out of office,Back soon,Away,2026-03-01,false,,x\n"
        "\n"
        'angry,"Stop,\nnow",,,1,0,\n',
        encoding="utf-8",
    )
    assert read_examples(path) == [
        Example("Back soon", "out_of_office", "Away", False, None, date(2026, 3, 1)),
        Example("Stop,\nnow", "angry", None, True, False, None),
    ]


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (b"", ["1: no column text and label; the first line must name the columns"]),
        (b"text;label\nhi;angry\n", ["1: no column text and label"]),
        (b"text\nhi\n", ["1: no column label; the first line must name the columns"]),
        (b"text,label,text\nhi,angry,a\n", ["1: the column 'text' stands there twice; rename one"]),
        (b"text,label\n", [" holds no reply"]),
        (b"text,label\nhi,angry\nGr\xfc\xdfe,angry\n", ["3: is not UTF-8; save the file as UTF-8"]),
        (b'text,label\n"a\nb",angry\n"hi,angry\n', ["4: is not CSV from here on (unexpected end of data)"]),
        (
            b'text,label,is_opt_out,received_on\n"a\nb",angri,,\n  ,angry,,\nhi,,,\nhi,angry,maybe,\n'
            b"hi,angry,,1.3.2026\nhi, you,angry,,\n",
            [
                "2: 'angri' is no intent; nearest: angry",
                "4: text is empty; fill it in or take the row out",
                "5: label is empty; name the intent or take the row out",
                "6: is_opt_out is 'maybe'; write true or false, or nothing",
                "7: received_on is '1.3.2026'; write the day like 2026-03-01, or nothing",
                "8: has 5 cells where the first line has 4; put texts with commas into double quotes",
            ],
        ),
        (b"text,label\n" + b"hi,x\n" * (SHOWN + 2), [": 2 more lines are like"]),
    ],
)
def test_a_bad_file_is_a_line_a_problem(tmp_path: Path, content: bytes, problems: list[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_examples(path)
    lines = caught.value.lines
    assert all(line.startswith(f"{path}:") for line in lines)
    if len(lines) > SHOWN:
        lines = lines[SHOWN:]
    assert len(lines) == len(problems)
    for line, problem in zip(lines, problems, strict=True):
        assert problem in line
