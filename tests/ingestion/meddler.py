"""A go-between that passes requests on to the sandbox and spoils some of the answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from ingestion.values import Json
from pipeline.config import Config, load_config
from tests.local_server import QuietHandler, serving

if TYPE_CHECKING:
    from sandbox import Agency


@dataclass(frozen=True)
class Answer:
    """What goes back. is_cut: the connection is closed half-way through the body; status 0: before it."""

    status: int
    body: bytes
    is_cut: bool = False

    def changed(self, change: Callable[[Json], Json]) -> Answer:
        """Return the answer with its JSON changed."""
        return replace(self, body=json.dumps(change(json.loads(self.body))).encode())


Meddle = Callable[[str, int, Answer], Answer]
"""Given the path, how often it was asked for before, and the true answer: the answer to give."""


@contextmanager
def meddling(url: str, meddle: Meddle) -> Iterator[str]:
    """Serve what stands at `url`, as `meddle` changes it; yield the new URL."""
    asked: dict[str, int] = {}

    with httpx.Client(base_url=url, timeout=30) as http:

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                self._pass_on(self.rfile.read(int(self.headers["Content-Length"])))

            def do_GET(self) -> None:
                self._pass_on(b"")

            def _pass_on(self, body: bytes) -> None:
                headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
                sent = {name: value for name, value in headers.items() if value}
                found = http.request(self.command, self.path, content=body, headers=sent)
                path = urlsplit(self.path).path
                answer = meddle(path, asked.get(path, 0), Answer(found.status_code, found.content))
                asked[path] = asked.get(path, 0) + 1
                if answer.status == 0:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body[: len(answer.body) // 2] if answer.is_cut else answer.body)
                self.close_connection = self.close_connection or answer.is_cut

        with serving(Handler) as own:
            yield own


def clean(_path: str, _number: int, answer: Answer) -> Answer:
    """Change nothing."""
    return answer


@contextmanager
def spoilt(agency: Agency, folder: Path, sender: str, meddle: Meddle) -> Iterator[Config]:
    """Serve the agency's first account at `sender` through `meddle`."""
    from sandbox import config_yaml, environment, serve

    as_of = agency.params.start + timedelta(days=agency.params.days)
    with (
        serve(agency, as_of=as_of, speed=inf) as server,
        meddling(server.url, meddle) as url,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in environment(agency, url).items():
            patch.setenv(name, value)
        path = folder / "winnow.yml"
        path.write_text(config_yaml(agency, speed=1e6), encoding="utf-8")
        config = load_config(path)
        account = config.sources.accounts(sender)[0]
        section = getattr(config.sources, sender).model_copy(update={"accounts": (account,)})
        yield config.model_copy(update={"sources": config.sources.model_copy(update={sender: section})})
