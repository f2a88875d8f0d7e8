"""What the report page reads, and what its exposure says that it reads."""

from __future__ import annotations

import re

import yaml

from pipeline.dbt import PROJECT_DIR


def test_the_exposure_names_what_the_report_page_reads() -> None:
    code = "".join(path.read_text() for path in sorted((PROJECT_DIR / "pipeline" / "report").glob("*.py")))
    read = set(re.findall(r"\banalytics\.(\w+)", code)) - {"publication"}
    (exposure,) = yaml.safe_load((PROJECT_DIR / "models" / "exposures.yml").read_text())["exposures"]
    named = {re.findall(r"'(\w+)'", parent)[-1] for parent in exposure["depends_on"]}
    assert named == read
    assert len(named) > 10
