"""How the sandbox's Claude answers a row: JSON that fits the schema it was sent, and what that is billed."""

from __future__ import annotations

import json
from hashlib import md5
from typing import Any

from sandbox.claude_batches import Batch, ClaudeBehaviour, Plan, Row
from sandbox.claude_params import blocks, refusal
from sandbox.claude_readers import Reader
from sandbox.model import Json

_OPEN, _CLOSE = "<reply>", "</reply>"
_PLAIN = ("unclear", "neutral", "none", "other")
"""Values that commit to nothing, where an enum has one."""

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
    "object": (dict,), "null": (type(None),),
}  # fmt: skip
_EMPTY: Json = {"string": "", "integer": 0, "number": 0.0, "boolean": False, "null": None}
_FORMATS = {"date": "2026-01-05", "date-time": "2026-01-05T00:00:00Z"}


def reply_text(params: Any) -> str:
    """Return the text that a row asks about: what stands between <reply> and </reply>, else all of it.

    The text is a JSON string there, so that it can hold anything; without quotes it is taken as it is.
    """
    messages = params.get("messages") if isinstance(params, dict) else None
    if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        return ""
    asked = "\n".join(text for text, _ in blocks({"messages": messages[-1:]}))
    end = asked.rfind(_CLOSE)
    start = asked.find(_OPEN)
    while 0 <= start < end:
        try:
            found = json.loads(asked[start + len(_OPEN) : end])
        except ValueError:
            found = None
        if isinstance(found, str):
            return found
        start = asked.find(_OPEN, start + 1)
    start = asked.find(_OPEN)
    return (asked[start + len(_OPEN) : end] if 0 <= start < end else asked).strip()


def result(batch: Batch, row: Row, behaviour: ClaudeBehaviour, reader: Reader, cache: set[str]) -> Json:
    """Return the result of one row. cache: prefixes that earlier rows have written, added to."""
    plan = behaviour.planned(row)
    if plan is not None and plan.outcome in ("expired", "canceled"):
        return {"type": plan.outcome}
    refused = refusal(row.params)
    if plan is not None and plan.outcome == "errored":
        refused = (plan.error, "Internal server error" if plan.error == "api_error" else "Planned trouble")
    if refused is not None:
        return {"type": "errored", "error": error_body(*refused, seed=f"{batch.id}{row.custom_id}")}
    message = _message(row, plan, reader, cache, is_thinking=behaviour.is_thinking)
    message["id"] = "msg_01" + _digits(batch.id + row.custom_id, 22)
    return {"type": "succeeded", "message": message}


def error_body(error: str, message: str, *, seed: str) -> Json:
    """Return the body of an error; `seed` decides its request id."""
    return {"type": "error", "error": {"type": error, "message": message}, "request_id": request_id(seed)}


def request_id(seed: str) -> str:
    """Return the id of a request."""
    return f"req_011{_digits(seed, 21)}"


def _message(row: Row, plan: Plan | None, reader: Reader, cache: set[str], *, is_thinking: bool) -> Json:
    outcome = plan.outcome if plan is not None else ""
    text = _written(row, outcome, reader)
    stop = "refusal" if outcome == "refusal" else "end_turn"
    limit = row.params["max_tokens"]
    if outcome == "max_tokens":
        text, stop = text[: len(text) // 2], "max_tokens"
    elif _tokens(text) > limit:
        text, stop = text.encode()[: 4 * limit].decode(errors="ignore"), "max_tokens"
    content: list[Json] = [{"type": "text", "text": text}] if text else []
    if is_thinking and text:
        content.insert(0, {"type": "thinking", "thinking": "", "signature": "c2FuZGJveA=="})
    return {
        "id": "",
        "type": "message",
        "role": "assistant",
        "model": row.params["model"],
        "content": content,
        "stop_reason": stop,
        **({"stop_details": {"type": "refusal", "category": None, "explanation": None}} if not text else {}),
        "stop_sequence": None,
        "usage": _usage(row.params, text, cache),
    }


def _written(row: Row, outcome: str, reader: Reader) -> str:
    """Return the whole text of the answer; empty for a refusal."""
    if outcome == "refusal":
        return ""
    wanted = (row.params.get("output_config") or {}).get("format")
    schema = wanted["schema"] if wanted else {}
    answer = _filled(schema, reader(row.text)) if schema else reader(row.text)
    if outcome == "unknown_label":
        answer = answer | dict.fromkeys(_labels(schema)[:1], "something_else")
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return text[:-1] + "," if outcome == "invalid_json" else text


def _filled(schema: Json, given: Json) -> Json:
    """Return an object that fits `schema`: what is given where it fits, else a value that says nothing."""
    root, required = schema, schema.get("required", ())
    return {
        name: given[name] if name in given and _fits(root, part, given[name]) else _plain(root, part)
        for name, part in schema.get("properties", {}).items()
        if name in given or name in required
    }


def _resolved(root: Json, schema: Json) -> Json:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _kinds(schema: Json) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _fits(root: Json, schema: Json, value: Any) -> bool:
    schema = _resolved(root, schema)
    if "anyOf" in schema:
        return any(_fits(root, part, value) for part in schema["anyOf"])
    if "const" in schema:
        return bool(value == schema["const"])
    if "enum" in schema:
        return value in schema["enum"]
    kinds = _kinds(schema) or list(_TYPES)
    if isinstance(value, bool):
        return "boolean" in kinds
    if not any(isinstance(value, _TYPES[kind]) for kind in kinds):
        return False
    parts = schema.get("items", {}) if isinstance(value, list) else {}
    return not parts or all(_fits(root, parts, item) for item in value)


def _plain(root: Json, schema: Json) -> Any:
    """Return a value that fits a schema and commits to nothing."""
    schema = _resolved(root, schema)
    if _fits(root, schema, None):
        return None
    if "anyOf" in schema:
        return _plain(root, schema["anyOf"][0])
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return next((value for value in _PLAIN if value in schema["enum"]), schema["enum"][0])
    kind = _kinds(schema)[0]
    if kind == "object":
        return {name: _plain(root, schema["properties"][name]) for name in schema.get("required", ())}
    if kind == "array":
        return [_plain(root, schema["items"])] * schema.get("minItems", 0)
    return _FORMATS.get(schema.get("format", ""), _EMPTY[kind])


def _labels(schema: Json) -> list[str]:
    """Return the fields whose value is one of a list."""
    parts = schema.get("properties", {}).items()
    return [name for name, part in parts if "enum" in _resolved(schema, part)]


def _usage(params: Json, answer: str, cache: set[str]) -> Json:
    """Count tokens as bytes of UTF-8 / 4; what is marked for the cache is written once and read after."""
    prompt, prefixes, lifetime = "", [], "5m"
    for text, mark in blocks(params):
        prompt += text
        if mark:
            prefixes.append(prompt)
            lifetime = mark.get("ttl", "5m")
    names = [f"{params['model']}\n{prefix}" for prefix in prefixes]
    marked = _tokens(prefixes[-1]) if prefixes else 0
    known = [prefix for prefix, name in zip(prefixes, names, strict=True) if name in cache]
    read = _tokens(known[-1]) if known else 0
    cache.update(names)
    written = {"5m": 0, "1h": 0} | {lifetime: marked - read}
    return {
        "input_tokens": _tokens(prompt) - marked,
        "cache_creation_input_tokens": marked - read,
        "cache_read_input_tokens": read,
        "cache_creation": {f"ephemeral_{name}_input_tokens": count for name, count in written.items()},
        "output_tokens": _tokens(answer),
        "service_tier": "batch",
    }


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // 4)


def _digits(seed: str, length: int) -> str:
    return md5(seed.encode(), usedforsecurity=False).hexdigest()[:length]
