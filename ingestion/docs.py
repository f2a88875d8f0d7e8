"""docs/import.md, written from the contract by `python -m ingestion.docs`; a test finds it stale."""

from __future__ import annotations

from pathlib import Path

from ingestion.entities import ENTITIES
from ingestion.entity_types import Entity, Field

PAGE = Path(__file__).resolve().parent.parent / "docs" / "import.md"

HEAD = """# Importing files

<!-- Written by `python -m ingestion.docs` from ingestion/entities.py; edit that. -->

`winnow load files DIR` takes a folder of files named after the entities below, so that any tool without a
loader, and any data set, can be analysed. `winnow run` then does everything else.

```
my-export/
  people.csv
  campaign_leads.csv
  outcomes.parquet
```

## Rules

- **Formats**: `.csv` (comma, semicolon or tab; UTF-8, with or without a byte order mark; first line names the
  columns), `.jsonl` (one object a line), `.parquet`. An unknown name or format is an error: nothing loads.
- **Headers** may be in any case, with spaces or hyphens for underscores, or one of the aliases. A required
  column that is missing altogether is an error.
- **Other columns** are kept: they land in `attributes` as JSON, under the name that they have in the file.
- **A bad row** does not stop the others. It goes to `raw_files.quarantine` with `file:line:column` and the
  reason, untouched: a missing required value, a value of the wrong type, one that is not among those allowed.
- **Versions**: a row is known by its key. The same row again is known and changes nothing; a changed row is a
  new version; a row that is no longer in the file stays. A key that stands twice counts once, as it is last.
- **Empty** cells are no value.

| type | what it takes |
| --- | --- |
| text | any text; whole numbers become their digits |
| integer, decimal | digits with a point as decimal mark, no thousands separators |
| boolean | true, false, yes, no, 1, 0 |
| timestamp | ISO 8601; no offset means UTC; a bare date is its midnight; also seconds or ms since 1970 |
| date | `2026-01-31`; a month (`2026-01`) or a year is its first day |
| list, object | JSON; other text is a list with `;` between its items |
| email, domain, linkedin | text as written; winnow compares a normalised form |
| lead | a person: an `id` in people of the same import, or an e-mail address |
"""

TYPES = {"json": "list, object"}


def page() -> str:
    """Return the whole page."""
    contents = "\n".join(f"- [{entity.name}](#{entity.name}): {entity.grain}" for entity in ENTITIES)
    sections = "\n".join(_section(entity) for entity in ENTITIES)
    return f"{HEAD}\n## Files\n\n{contents}\n\n{sections}"


def _section(entity: Entity) -> str:
    grain = entity.grain[0].upper() + entity.grain[1:]
    key = ", ".join(f"`{name}`" for name in entity.key)
    rows = "\n".join(_row(field) for field in entity.fields)
    return (
        f"### {entity.name}\n\n{grain}; key: {key}.\n\n"
        f"| column | type | required | meaning | also called |\n| --- | --- | --- | --- | --- |\n{rows}\n"
    )


def _row(field: Field) -> str:
    meaning = field.description
    if field.values:
        meaning += " One of " + ", ".join(f"`{value}`" for value in field.values) + "."
    required = "yes" if field.required else ""
    aliases = ", ".join(f"`{alias}`" for alias in field.aliases)
    return f"| `{field.name}` | {TYPES.get(field.kind, field.kind)} | {required} | {meaning} | {aliases} |"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
