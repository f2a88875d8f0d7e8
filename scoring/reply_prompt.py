"""What Claude is asked about a reply, and how its answer is read: the taxonomy, the prompt, the checks.

A reply is untrusted: it stands in its own message between tags that it cannot close, as data. What it orders
changes nothing, and an answer outside the taxonomy is no answer.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from scoring.replies import INTENTS

OBJECTION_TYPES = ("timing", "budget", "authority", "need", "competitor", "trust", "other")
REJECTION_REASONS = (
    "timing_not_now",
    "budget_constraints",
    "using_competitor",
    "not_decision_maker",
    "no_need",
    "bad_experience",
    "too_busy",
    "not_interested_generic",
    "do_not_contact",
    "wrong_contact",
    "company_policy",
    "other",
)

MAX_CHARACTERS = 10_000
"""Of a reply; of a longer one only the beginning is read."""

_MAX_TOPICS = 5
_MAX_WORDS = 300


class AnswerError(Exception):
    """A message that holds no usable answer. status: refused, truncated or invalid."""

    def __init__(self, status: str, problem: str) -> None:
        """Keep what is wrong; never what the message says, which may be personal."""
        super().__init__(f"{status}: {problem}")
        self.status = status


def _plain(value: Any) -> Any:
    """Return a text without characters that databases refuse, blank as None, not too long."""
    if not isinstance(value, str):
        return value
    kept = "".join(sign if unicodedata.category(sign) not in ("Cc", "Cs") else " " for sign in value)
    return " ".join(kept.split())[:_MAX_WORDS].strip() or None


def _few(value: Any) -> Any:
    """Return at most five topics, plain and without blank ones."""
    if not isinstance(value, list):
        return value
    return [topic for topic in map(_plain, value) if topic][:_MAX_TOPICS]


Words = Annotated[str | None, BeforeValidator(_plain)]


class ReplyAnswer(BaseModel):
    """What Claude says of one reply; the schema that it has to keep to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    intent: Literal[INTENTS]  # type: ignore[valid-type]  # a tuple of literals
    is_opt_out: bool = Field(description="They want no more mail, whatever else they say.")
    is_positive_question: bool = Field(description="A question about price, terms, product or dates.")
    sentiment: Literal["positive", "neutral", "negative", "mixed"]
    sentiment_score: float = Field(ge=-1, le=1)
    objection_type: Literal[OBJECTION_TYPES] | None  # type: ignore[valid-type]
    rejection_reason: Literal[REJECTION_REASONS] | None  # type: ignore[valid-type]
    question: Words = Field(description="What they ask, in their words.")
    topics: Annotated[list[str], BeforeValidator(_few)] = Field(description="At most five, one word each.")
    return_on_text: Words = Field(description="The day they are back, as they write it.")
    referred_contact: Words = Field(description="Whom to turn to instead: name or address.")
    confidence: float = Field(ge=0, le=1, description="How likely the intent is right.")

    def label(self) -> dict[str, Any]:
        """Return the fields as scoring/reply_judgements.py takes them."""
        said = self.model_dump(exclude={"is_positive_question"})
        rounded = {name: round(said[name], 3) for name in ("sentiment_score", "confidence")}
        return said | rounded | {"is_positive": self.is_positive_question}


@lru_cache(maxsize=1)
def prompt() -> str:
    """Return the system prompt: the taxonomy, and what to beware of."""
    return (Path(__file__).parent / "lexicons" / "reply_prompt.md").read_text()


@lru_cache(maxsize=1)
def prompt_version() -> str:
    """Return the hash of prompt and schema: what was answered under another one is asked anew."""
    schema = json.dumps(ReplyAnswer.model_json_schema(), sort_keys=True)
    said = "\n".join((prompt(), schema, _wrapped("?"), str(MAX_CHARACTERS)))
    return hashlib.sha256(said.encode()).hexdigest()[:12]


@lru_cache(maxsize=1)
def answer_schema() -> Mapping[str, Any]:
    """Return the answer's JSON schema in the form that the API takes."""
    from anthropic import transform_schema

    return transform_schema(ReplyAnswer)


def request(text: str, *, model: str, max_tokens: int, effort: str | None) -> dict[str, Any]:
    """Return the parameters of the message that asks about one reply. effort: not sent when None.

    The prompt is marked for the cache, for an hour since batches take their time. Nothing but the text itself
    is sent: no name, address or subject.
    """
    output: dict[str, Any] = {"format": {"type": "json_schema", "schema": answer_schema()}}
    return {
        "model": model,
        "max_tokens": max_tokens,
        "system": [
            {"type": "text", "text": prompt(), "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        ],
        "messages": [{"role": "user", "content": _wrapped(text[:MAX_CHARACTERS])}],
        "output_config": output | ({"effort": effort} if effort else {}),
    }


def _wrapped(text: str) -> str:
    """Return a text as a JSON string between tags, which no text can close."""
    quoted = json.dumps(text, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
    return f"<reply>{quoted}</reply>"


def read_answer(message: Mapping[str, Any]) -> ReplyAnswer:
    """Return the answer in a message of the API. Raises AnswerError where there is none to go by."""
    reason = message.get("stop_reason")
    if reason == "refusal":
        raise AnswerError("refused", "the model would not answer")
    if reason in ("max_tokens", "model_context_window_exceeded"):
        raise AnswerError("truncated", f"the answer was cut off ({reason})")
    blocks = message.get("content") or ()
    text = "".join(block.get("text") or "" for block in blocks if block.get("type") == "text")
    if not text.strip():
        raise AnswerError("invalid", f"no text in the answer (stop reason {reason})")
    try:
        return ReplyAnswer.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "answer"
        raise AnswerError("invalid", f"{place}: {first['type']}") from None
