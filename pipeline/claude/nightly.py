"""A night of questions to Claude: picked up where the last one ended, asked within the budget, waited for."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from ingestion.paging import batches
from pipeline.claude import candidates, spend
from pipeline.claude.client import (
    BusyError,
    Claude,
    ClaudeError,
    GoneError,
    RefusedError,
    RemoteBatch,
    UnreachableError,
)
from pipeline.claude.results import collect
from pipeline.claude.settings import KEY_VARIABLES, ClaudeSettings, api_key
from pipeline.claude.store import KEPT, LOST, REFUSED, Asked, Batch, Settled, Store, custom_id
from pipeline.clock import utc_now
from scoring.reply_prompt import prompt_version

if TYPE_CHECKING:
    from pipeline.context import Context
    from warehouse import Connection

LOGGER = logging.getLogger("winnow")

WAITING_SHARE = 0.5
"""Of the stage's time: a night waits no longer for its batches, whatever wait_minutes says."""

SEARCHED = 1_000
"""How many of the newest batches are looked through for one that is in doubt."""

MAX_DOUBTS = 3
"""Batches of a night of which it stays unknown whether they were taken; then nothing more is asked."""


@dataclass(frozen=True)
class Read:
    """What a night came to. candidates: texts that were to be read; left_out: those that no budget covered.

    asked, retried: requests made by this run. answered, given_up: outcomes that came in, of earlier nights'
    batches, too. open: requests without an outcome. cost: USD, of the outcomes that came in.
    """

    candidates: int
    asked: int
    answered: int
    retried: int
    given_up: int
    open: int
    left_out: int
    cost: Decimal

    def counts(self) -> dict[str, int]:
        """Return the counts for the ledger."""
        names = ("candidates", "asked", "answered", "retried", "given_up", "open", "left_out")
        return {name: getattr(self, name) for name in names}


def read_replies(context: Context, settings: ClaudeSettings) -> Read | None:
    """Have read what rules are unsure of; None without a key. The answers are judgements when this returns.

    Trouble with the service never fails a night: what was not read is left to the rules, and the run warns.
    """
    key = api_key()
    if key is None:
        context.notes.warnings.append(
            f"claude: neither {' nor '.join(KEY_VARIABLES)} is set; unsure replies are left to the rules"
        )
        return None
    with Claude(settings, key) as claude:
        return Night(context, settings, claude).run()


class Night:
    """One night under way."""

    def __init__(
        self,
        context: Context,
        settings: ClaudeSettings,
        claude: Claude,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is asked yet. clock: seconds, of which only differences count."""
        self._context, self._settings, self._claude = context, settings, claude
        self._sleep, self._clock = sleep, clock
        self._store = Store(context.state, context.run_id, context.run_at)
        stage = WAITING_SHARE * context.config.run.stage_timeout_seconds
        self._end = clock() + min(settings.wait_minutes * 60, stage)
        self._seen: set[str] = set()
        self._left_out = 0
        self._settled = Settled()
        self._strangers: dict[str, str] = {}
        self._gone: set[int] = set()
        self._doubts = 0
        self._asks = True
        self._trouble: str | None = None

    def run(self) -> Read:
        """Pick up, then ask and wait until nothing is open or the time is up."""
        try:
            self._look()
            while self._ask() or self._awaited():
                if not self._wait():
                    break
        except RefusedError as error:  # a key that is refused will be so all night
            self._trouble = str(error)
        return self._told()

    def _wait(self) -> bool:
        """Wait until a batch comes to an end; False when none does in time. Raises RefusedError."""
        while (seconds := self._end - self._clock()) > 0:
            self._sleep(min(self._settings.poll_seconds, seconds))
            if self._look():
                return True
        return False

    def _awaited(self) -> list[Batch]:
        """Return the batches that have not ended, but for those that the service knows nothing of."""
        return [batch for batch in self._store.unfinished() if batch.number not in self._gone]

    def _look(self) -> bool:
        """Clear doubts and collect what has ended; say whether any batch came to an end.

        Trouble with one batch that may pass does not keep the others. Raises RefusedError.
        """
        self._trouble = None
        before = self._store.unfinished()
        with self._over_trouble():
            if doubtful := [batch for batch in before if batch.batch_id is None]:
                self._clear(doubtful)
        for batch in self._store.unfinished():
            if batch.batch_id is not None:
                with self._over_trouble():
                    self._collect(batch, batch.batch_id)
        return len(self._store.unfinished()) < len(before)

    @contextmanager
    def _over_trouble(self) -> Iterator[None]:
        """Remember trouble that may pass, and go on."""
        try:
            yield
        except (BusyError, UnreachableError) as error:
            self._trouble = str(error)

    def _clear(self, doubtful: Sequence[Batch]) -> None:
        """Find out which batches were taken before their id could be written down.

        The service tells a batch's request ids only when it has ended; until then one of the same size that
        nobody here knows may be ours, and the texts wait. One that it does not list after a while never was.
        """
        unknown = self._unknown(min(batch.number for batch in doubtful))
        for batch in doubtful:
            alike = [
                remote
                for remote in unknown
                if remote.requests == batch.requests or (not remote.is_ended and not remote.requests)
            ]
            ours = next((remote for remote in alike if self._is_ours(remote, batch)), None)
            if ours:
                self._store.submitted(batch, ours.batch_id)
            elif all(remote.is_ended for remote in alike) and self._is_old(batch):
                self._store.drop(batch, LOST)

    def _unknown(self, number: int) -> list[RemoteBatch]:
        """Return the service's batches that nobody here knows and that may be batch `number` or a later one.

        They are listed from the newest on: those behind one that was sent before it are older, too.
        """
        known = self._store.known_ids()
        found = []
        for remote in islice(self._claude.newest(), SEARCHED):
            if known.get(remote.batch_id, number) < number:
                break
            if remote.batch_id not in known:
                found.append(remote)
        return found

    def _is_ours(self, remote: RemoteBatch, batch: Batch) -> bool:
        if not remote.is_ended:
            return False
        if remote.batch_id not in self._strangers:
            try:
                first = next(self._claude.results(remote.batch_id), {})
            except GoneError:
                first = {}
            self._strangers[remote.batch_id] = str(first.get("custom_id"))
        return self._strangers[remote.batch_id].startswith(batch.token)

    def _is_old(self, batch: Batch) -> bool:
        return utc_now() - batch.created_at >= timedelta(minutes=self._settings.doubt_minutes)

    def _collect(self, batch: Batch, batch_id: str) -> None:
        """Commit the outcomes of a batch if it has ended."""
        try:
            if not self._claude.batch(batch_id).is_ended:
                return
            for settled in collect(self._store, self._claude, batch, batch_id):
                self._settled += settled
                done = self._settled.answered + self._settled.failed
                self._context.progress("claude", done, done + self._store.waiting())
        except GoneError as error:
            if utc_now() - batch.created_at > KEPT:
                self._store.abandon(batch)
            else:  # the key of another workspace, perhaps: to ask again might be to pay again
                self._gone.add(batch.number)
                self._trouble = f"batch {batch_id}: {error}"

    def _ask(self) -> int:
        """Send what the budget surely covers; return how many texts that are."""
        if not self._asks:
            return 0
        chosen = self._context.ask(self._choose)
        sent = 0
        for part in batches(chosen, self._settings.max_batch):
            if self._asks:
                sent += self._send(part)
        return sent

    def _choose(self, connection: Connection) -> list[Asked]:
        settings = self._settings
        texts = candidates.find(connection, self._store, settings, self._context.run_at)
        self._seen |= {key for key, _ in texts}
        money = spend.left(self._context.state, settings, self._context.run_at).now
        offered = candidates.asked(connection, settings, texts)
        chosen, self._left_out = candidates.affordable(offered, money)
        return chosen

    def _send(self, asked: Sequence[Asked]) -> int:
        settings = self._settings
        batch = self._store.intend(settings.model, prompt_version(), settings.price, asked)
        requests = [
            {"custom_id": custom_id(batch.token, number), "params": one.params}
            for number, one in enumerate(asked)
        ]
        try:
            batch_id = self._claude.create(requests)
        except RefusedError as error:
            self._store.drop(batch, REFUSED)
            self._asks = False
            self._context.notes.warnings.append(f"claude: {error}; {len(asked)} replies were not taken")
            return 0
        except ClaudeError as error:
            LOGGER.warning("batch %s is in doubt: %s", batch.number, error)
            self._doubts += 1
            self._asks = self._doubts < MAX_DOUBTS
            return len(asked)
        self._store.submitted(batch, batch_id)
        return len(asked)

    def _told(self) -> Read:
        """Return the figures, and tell what a person should know."""
        notes, waiting = self._context.notes, self._store.waiting()
        asked, retried = self._store.asked()
        settled = self._settled
        if self._trouble and waiting:
            notes.warnings.append(f"claude: {self._trouble}; {waiting} replies wait for the next night")
        elif waiting:
            notes.notes.append(f"{waiting} replies wait for a batch of Claude's that has not ended")
        if self._left_out:
            left = spend.left(self._context.state, self._settings, self._context.run_at)
            notes.warnings.append(
                f"claude: the budget of the {left.tighter} is used up;"
                f" {self._left_out} replies are left to the rules"
            )
        if settled.given_up:
            notes.notes.append(
                f"{settled.given_up} replies that Claude twice failed to read are left to the rules"
            )
        return Read(
            candidates=len(self._seen),
            asked=asked,
            answered=settled.answered,
            retried=retried,
            given_up=settled.given_up,
            open=waiting,
            left_out=self._left_out,
            cost=settled.cost,
        )
