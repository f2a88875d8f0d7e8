"""Errors of loading: what is worth another try and what only a person can put right."""

from __future__ import annotations


class LoadError(Exception):
    """A source could not be read; the message is one line without secrets and says what to do."""

    transient = False


class TerminalError(LoadError):
    """Trying again does not help: a key, a right, a setting or a file has to be changed first.

    status: of the HTTP answer that said so, None where none did.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        """Keep the message and the status."""
        super().__init__(message)
        self.status = status


class TransientError(LoadError):
    """The provider or the network was in the way; a later try may pass.

    wait: seconds that the provider asked us to wait, None when it did not say.
    retry: False when trying again tonight is pointless (a daily quota is used up).
    """

    transient = True

    def __init__(self, message: str, *, wait: float | None = None, retry: bool = True) -> None:
        """Keep the message and what the provider said about waiting."""
        super().__init__(message)
        self.wait = wait
        self.retry = retry
