"""Requests to the sandbox's Claude, as tests send them through the SDK."""

from __future__ import annotations

import json
from typing import Any

import anthropic

from sandbox.model import Json

MODEL = "claude-haiku-5-5"
NULLABLE_TEXT: Json = {"anyOf": [{"type": "string"}, {"type": "null"}]}
PROPERTIES: Json = {
    "intent": {"type": "string", "enum": ["interested", "not_interested", "objection", "unclear"]},
    "is_opt_out": {"type": "boolean"},
    "sentiment": {"$ref": "#/$defs/Mood"},
    "objection_type": {"anyOf": [{"type": "string", "enum": ["budget", "competitor"]}, {"type": "null"}]},
    "question": NULLABLE_TEXT,
    "topics": {"type": "array", "items": {"type": "string"}},
    "confidence": {"type": "number"},
}
SCHEMA: Json = {
    "type": "object",
    "properties": PROPERTIES,
    "required": list(PROPERTIES),
    "additionalProperties": False,
    "$defs": {"Mood": {"type": "string", "enum": ["positive", "neutral", "negative"]}},
}
RUBRIC = "You read replies to sales mails. " * 40


def params(text: str, schema: Json = SCHEMA, **changes: Any) -> Json:
    """Return the params of a row about `text`; a change to None takes a param away."""
    asked = f"Label this reply.\n<reply>{json.dumps(text)}</reply>"
    found = {
        "model": MODEL,
        "max_tokens": 1024,
        "system": [{"type": "text", "text": RUBRIC, "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": schema}},
        "messages": [{"role": "user", "content": asked}],
    } | changes
    return {name: value for name, value in found.items() if value is not None}


def requests(*texts: str, **changes: Any) -> list[Any]:
    """Return the requests of a batch about `texts`, with the ids r0, r1, …"""
    return [{"custom_id": f"r{i}", "params": params(text, **changes)} for i, text in enumerate(texts)]


def results(client: anthropic.Anthropic, batch_id: str) -> dict[str, Any]:
    """Wait for the end of a batch and return its results by custom_id, as the SDK parses them."""
    polls = 0
    while client.messages.batches.retrieve(batch_id).processing_status != "ended":
        polls += 1
        assert polls < 9, "the batch does not end"
    return {row.custom_id: row.result for row in client.messages.batches.results(batch_id)}


def run(client: anthropic.Anthropic, *texts: str, **changes: Any) -> dict[str, Any]:
    """Create a batch about `texts` and return its results by custom_id."""
    return results(client, client.messages.batches.create(requests=requests(*texts, **changes)).id)


def answer(result: Any) -> Json:
    """Return what a succeeded row says."""
    found: Json = json.loads(result.message.content[-1].text)
    return found
