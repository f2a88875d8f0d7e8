"""The folder into which a receiver puts webhooks: which of its files are new or grew, and what they hold."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingestion.errors import TerminalError, TransientError
from ingestion.values import Json

WHOLE, LINES = (".json",), (".jsonl", ".ndjson")
DIGEST_BYTES = 8
NO_TEXT = ("secret", "authorization", "signature", "password", "token")
"""Words for which a line that cannot be read is not kept: what stands beside them must not land."""


@dataclass(frozen=True)
class BadText:
    """Why a line or a file holds no record. text: what it holds, without secrets."""

    reason: str
    text: str


Found = tuple[int, Json | BadText]
"""Line number, from 1, and what stands there."""


@dataclass
class Lines:
    """How far a file of lines was read.

    size: bytes when it was last looked at. offset, count: bytes and lines that were read. head: digest of
    the first line. is_cut: after them stands a line without an end.
    """

    size: int = 0
    offset: int = 0
    count: int = 0
    head: str = ""
    is_cut: bool = False

    def as_json(self) -> list[Json]:
        """Return it as the cursor keeps it."""
        return [self.size, self.offset, self.count, self.head, self.is_cut]


@dataclass
class Reading:
    """One reading of a file. lines: how far it had been read, and is by now. is_done: to its end."""

    lines: Lines
    is_done: bool = False


@dataclass
class Progress:
    """What was read of a folder. whole: digests of name and size of whole files. lines: by name."""

    whole: set[bytes] = field(default_factory=set)
    lines: dict[str, Lines] = field(default_factory=dict)

    @classmethod
    def of(cls, cursor: Mapping[str, Any]) -> Progress:
        """Read it from a cursor."""
        packed = base64.b64decode(cursor.get("whole", ""))
        starts = range(0, len(packed), DIGEST_BYTES)
        lines = {name: Lines(*values) for name, values in dict(cursor.get("lines", {})).items()}
        return cls({packed[start : start + DIGEST_BYTES] for start in starts}, lines)

    def as_cursor(self) -> dict[str, Any]:
        """Return it as a cursor: eight bytes a whole file, since there may be one an event."""
        packed = base64.b64encode(b"".join(sorted(self.whole))).decode()
        return {"whole": packed, "lines": {name: lines.as_json() for name, lines in self.lines.items()}}


@dataclass(frozen=True)
class File:
    """A file of the folder. name: within the folder."""

    name: str
    path: str
    size: int

    @property
    def has_lines(self) -> bool:
        """Whether every line of it is a record of its own."""
        return self.name.lower().endswith(LINES)

    @property
    def digest(self) -> bytes:
        """What tells it from a file of another name or size."""
        return hashlib.blake2b(f"{self.name}\n{self.size}".encode(), digest_size=DIGEST_BYTES).digest()


class Folder:
    """A folder on this machine or in any store that fsspec can reach. It is only read."""

    def __init__(self, where: str, url: str) -> None:
        """Open it; raises TerminalError where there is none. where: names the account in messages."""
        from fsspec.core import url_to_fs

        self._where = f"{where}: webhooks"
        scheme = url.partition("://")[0] if "://" in url else "file"
        try:
            self._fs, self._root = url_to_fs(url)
        except ImportError as error:
            raise TerminalError(
                f"{self._where}: {scheme}:// needs a package that is not installed ({error});"
                f" install it, or name a folder on this machine"
            ) from error
        except Exception as error:  # every store has errors of its own, and some of them name its secrets
            raise self._unreadable(error) from error
        if scheme == "file" and not self._fs.isdir(self._root):
            raise TerminalError(
                f"{self._where}: {url} is no folder; make it or correct webhooks in winnow.yml"
            )

    def files(self) -> tuple[list[File], int]:
        """Return the files of records by name, and how many others there are; hidden ones do not count."""
        try:
            found: dict[str, dict[str, Any]] = self._fs.find(self._root, detail=True)
        except FileNotFoundError:
            return [], 0  # a store has no empty folders
        except Exception as error:  # see above
            raise self._unreadable(error) from error
        files, others = [], 0
        for path, info in found.items():
            name = path.removeprefix(self._root).lstrip("/").encode("utf-8", "replace").decode()
            if any(part.startswith(".") for part in name.split("/")):
                continue
            if name.lower().endswith(WHOLE + LINES):
                files.append(File(name, path, int(info.get("size") or 0)))
            else:
                others += 1
        return sorted(files, key=lambda file: file.name), others

    def read(self, file: File, reading: Reading) -> Iterator[Found]:
        """Yield what a file holds that was not read before; `reading` says how far that was.

        A file that is gone by now holds nothing; one that may not be read is a BadText. Neither is done.
        """
        try:
            with self._fs.open(file.path, "rb") as stream:
                if file.has_lines:
                    yield from _read_lines(stream, file, reading)
                else:
                    yield 0, parsed(stream.read())
                reading.is_done = True
        except FileNotFoundError:
            return
        except PermissionError:
            yield 0, BadText("may not be read; give the user that runs winnow the right to", "")
        except Exception as error:  # see above
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> TransientError:
        return TransientError(
            f"{self._where}: the folder cannot be read ({type(error).__name__}); check its address and rights"
        )


def _read_lines(stream: Any, file: File, reading: Reading) -> Iterator[Found]:
    """Yield the lines since the last reading, up to the last whole one.

    Where the file does not go on there (it was replaced by another), it is read from its beginning.
    """
    before, head = reading.lines, _digest(stream.readline())
    goes_on = bool(before.offset) and head == before.head and file.size >= before.offset
    after = Lines(file.size, before.offset if goes_on else 0, before.count if goes_on else 0, head)
    reading.lines = after
    stream.seek(after.offset)
    for raw in stream:
        is_whole = raw.endswith(b"\n")
        value = parsed(raw) if raw.strip() else None
        if not is_whole and isinstance(value, BadText) and not (before.is_cut and file.size == before.size):
            # somebody is writing it; if it is as it was when we come back, nobody is
            after.is_cut = True
            return
        if raw.strip():
            yield after.count + 1, value
        if is_whole:
            after.offset, after.count = after.offset + len(raw), after.count + 1


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).hexdigest()


def is_fresh(file: File, progress: Progress) -> bool:
    """Say whether a file is new, grew, or ended in the middle of a line."""
    if not file.has_lines:
        return file.digest not in progress.whole
    before = progress.lines.get(file.name)
    return before is None or before.size != file.size or before.is_cut


def parsed(raw: bytes) -> Json | BadText:
    """Return the JSON value of some bytes, or why they hold none."""
    try:
        text = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return BadText("is not UTF-8", "")
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        return BadText(f"is not JSON: {error}", harmless(text))


def harmless(text: str) -> str:
    """Return a text that cannot be read, or nothing where it may hold a secret."""
    return "" if any(word in text.lower() for word in NO_TEXT) else text
