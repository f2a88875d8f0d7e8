"""What the Messages API refuses in the params of a row, which a batch only shows once it has ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MODELS = frozenset(
    {
        "claude-fable-5-2", "claude-fable-5-1", "claude-fable-5", "claude-haiku-5-5", "claude-haiku-4-5",
        "claude-haiku-4-5-20251001", "claude-mythos-5-2", "claude-mythos-5-1", "claude-mythos-5",
        "claude-mythos-preview", "claude-opus-5-5", "claude-opus-5", "claude-opus-4-8", "claude-opus-4-7",
        "claude-opus-4-6", "claude-opus-4-5", "claude-opus-4-5-20251101", "claude-sonnet-5-5",
        "claude-sonnet-5", "claude-sonnet-4-6", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929",
    }
)  # fmt: skip
"""The models of SDK 2.11."""

REQUIRED = ("max_tokens", "messages", "model")
PARAMS = frozenset(REQUIRED) | {
    "cache_control", "container", "diagnostics", "inference_geo", "metadata", "output_config", "service_tier",
    "speed", "stop_sequences", "stream", "system", "thinking", "tool_choice", "tools", "user_profile_id",
    "workspace_id",
}  # fmt: skip
"""Params of version 2026-10-21, in which temperature, top_p and top_k are no more."""

MAX_TOKENS = 128_000
EFFORTS = ("low", "medium", "high", "xhigh", "max")
LIFETIMES = ("5m", "1h")
FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
_UNSUPPORTED = {
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("minLength", "maxLength", "pattern"),
    "array": ("maxItems", "uniqueItems"),
}
"""Keywords of JSON schema that structured outputs do not know, by type."""


def refusal(params: Any) -> tuple[str, str] | None:
    """Return (type, message) of the error that a row's params are answered with, None where all is well."""
    if not isinstance(params, dict):
        return "invalid_request_error", "params: Input should be an object"
    for message in _complaints(params):
        return "invalid_request_error", message
    if params["model"] not in MODELS:
        return "not_found_error", f"model: {params['model']}"
    return None


def _complaints(params: dict[str, Any]) -> Iterator[str]:
    yield from (f"{name}: Field required" for name in REQUIRED if name not in params)
    yield from (f"{name}: Extra inputs are not permitted" for name in params if name not in PARAMS)
    if params.get("stream"):
        yield "stream: Input should be false in a batch"
    if not isinstance(limit := params["max_tokens"], int) or limit < 1:
        yield "max_tokens: Input should be greater than or equal to 1"
    elif limit > MAX_TOKENS:
        yield f"max_tokens: {limit} > {MAX_TOKENS}, which is the maximum allowed number of output tokens"
    messages = params["messages"]
    if not isinstance(messages, list) or not messages:
        yield "messages: at least one message is required"
    elif not all(isinstance(m, dict) and m.get("role") in ("user", "assistant") for m in messages):
        yield "messages: Input should have role 'user' or 'assistant'"
    elif not all(isinstance(m.get("content"), str | list) and m["content"] for m in messages):
        yield "messages: all messages must have non-empty content"
    yield from _cache_complaints(params)
    yield from _output_complaints(params.get("output_config") or {})


def _cache_complaints(params: dict[str, Any]) -> Iterator[str]:
    marks = [mark for _, mark in blocks(params) if mark]
    if len(marks) > 4:
        yield f"A maximum of 4 blocks with cache_control may be provided. Found {len(marks)}."
    for mark in marks:
        if mark.get("type") != "ephemeral" or mark.get("ttl", LIFETIMES[0]) not in LIFETIMES:
            yield "cache_control: Input should be of type 'ephemeral', with a ttl of '5m' or '1h'"


def _output_complaints(config: dict[str, Any]) -> Iterator[str]:
    if config.get("effort", EFFORTS[0]) not in EFFORTS:
        yield f"output_config.effort: Input should be one of {', '.join(EFFORTS)}"
    wanted = config.get("format")
    if wanted is None:
        return
    if wanted.get("type") != "json_schema" or not isinstance(wanted.get("schema"), dict):
        yield "output_config.format: Input should have type 'json_schema' and a schema"
        return
    yield from (f"output_config.format.schema: {message}" for message in _schema_complaints(wanted["schema"]))


def _schema_complaints(schema: dict[str, Any]) -> Iterator[str]:
    types = schema.get("type", [])
    for kind in [types] if isinstance(types, str) else types:
        if kind == "object" and schema.get("additionalProperties") is not False:
            yield "For 'object' type, 'additionalProperties' must be explicitly set to false"
        for word in _UNSUPPORTED.get(kind, ()):
            if word in schema:
                yield f"For '{kind}' type, property '{word}' is not supported"
    if schema.get("minItems", 0) not in (0, 1):
        yield "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    if schema.get("format", "date") not in FORMATS:
        yield f"For 'string' type, format '{schema['format']}' is not supported"
    if "oneOf" in schema:
        yield "Schema type 'oneOf' is not supported"
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    inner += [*schema.get("anyOf", ()), *schema.get("allOf", ())]
    for part in [*inner, schema["items"]] if isinstance(schema.get("items"), dict) else inner:
        yield from _schema_complaints(part)


def blocks(params: dict[str, Any]) -> list[tuple[str, dict[str, Any] | None]]:
    """Return (text, its cache_control) of the prompt's blocks: system first, then the messages.

    A cache_control at the top level is that of the last block.
    """
    contents: list[Any] = [params.get("system") or []]
    contents += [message.get("content") or [] for message in params["messages"] if isinstance(message, dict)]
    found: list[tuple[str, dict[str, Any] | None]] = []
    for content in contents:
        parts: Any = [{"text": content}] if isinstance(content, str) else content
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict):
                found.append((str(part.get("text", "")), part.get("cache_control")))
    if found and params.get("cache_control"):
        found[-1] = (found[-1][0], params["cache_control"])
    return found
