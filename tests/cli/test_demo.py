"""The demo command, small."""

import json
from pathlib import Path

from click.testing import CliRunner

from cli import main


def test_the_demo_agrees_with_its_truth(tmp_path: Path) -> None:
    arguments = ["demo", "--leads", "40", "--days", "30", "--no-effects", "--folder", str(tmp_path), "--json"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    (night,) = told["nights"]
    assert told["is_right"]
    assert night["summary"]["findings"] == []
    assert Path(night["summary"]["report"]) == tmp_path / "duckdb-no-effects" / ".winnow" / "report.html"
    assert Path(night["summary"]["report"]).is_file()
    assert night["summary"]["figures"]["people"] > 40
