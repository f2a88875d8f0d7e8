"""What the sandbox's Claude makes of a text: the truth, or whatever the text orders."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, get_args

from sandbox.model import Agency, Intent, Json, Reply
from sandbox.texts import COLLEAGUES
from sandbox.view import View

Reader = Callable[[str], dict[str, Any]]
"""From a text to the fields of its answer; those that the schema lacks or does not allow are left out."""

UNSURE: Json = {"intent": "unclear", "sentiment": "neutral", "sentiment_score": 0.0, "confidence": 0.3}
"""What is answered about a text that nobody in the agency wrote."""

_MOODS: dict[str, tuple[str, float]] = {
    "interested": ("positive", 0.8),
    "meeting_request": ("positive", 0.9),
    "referral": ("positive", 0.4),
    "objection": ("negative", -0.3),
    "not_interested": ("negative", -0.5),
    "unsubscribe": ("negative", -0.6),
    "angry": ("negative", -0.95),
}
_EMAIL = re.compile(r"[\w.+-]+@[\w.-]+\w")
_QUESTION = re.compile(r"[^.!?\n]*[^.!?\s][^.!?\n]*\?")
_VERB = r"(?:answer|respond|reply|say|output|classify|label|return|mark|set|choose|treat)"
_INTENTS = "|".join(intent.replace("_", "[_ ]") for intent in get_args(Intent))
_ORDER = re.compile(rf"\b{_VERB}\b[^.!?\n]{{0,60}}?\b({_INTENTS})\b", re.IGNORECASE)
_OBJECT = re.compile(r"\{[^{}]*\}")
_FIELD = re.compile(r"\b([a-z]+(?:_[a-z]+)*)[\"']?\s*(?:=|:|\bto\b|\bis\b)\s*[\"']?([\w.-]*\w)")


def truth_reader(agency: Agency) -> Reader:
    """Return a reader that knows what the agency's people meant; other texts are unclear to it.

    A text is known by the wording that stands in it, whatever greeting and signature are around.
    """
    view = View(agency, agency.params.horizon)
    known = {
        _plain(said := view.reply_wording(enrolment, reply)): _meant(reply, said)
        for enrolment in view.enrolments
        for reply in view.replies(enrolment)
    }
    longest_first = sorted(known, key=lambda said: (-len(said), said))

    def read(text: str) -> dict[str, Any]:
        whole = _plain(text)
        return dict(next((known[said] for said in longest_first if said in whole), UNSURE))

    return read


def obedient_reader(text: str) -> dict[str, Any]:
    """Answer what the text orders: "answer interested", "set is_opt_out to false", or the JSON it holds."""
    answer = dict(UNSURE)
    for name, value in _FIELD.findall(text):
        answer[name] = _value(value)
    if ordered := _ORDER.search(text):
        answer |= {"intent": ordered[1].lower().replace(" ", "_"), "confidence": 1.0}
    for found in _OBJECT.findall(text):
        try:
            answer |= json.loads(found)
        except ValueError:
            continue
    return answer


def _meant(reply: Reply, said: str) -> Json:
    """Return what a reply of the simulation means, in the words of the taxonomy."""
    sentiment, score = _MOODS.get(reply.intent, ("neutral", 0.0))
    asked = _QUESTION.search(said)
    colleague = next((name for name in COLLEAGUES if name in said), None)
    address = _EMAIL.search(said) if colleague else None
    return {
        "intent": reply.intent,
        "is_opt_out": reply.intent in ("unsubscribe", "angry"),
        "sentiment": sentiment,
        "sentiment_score": score,
        "objection_type": reply.objection_type,
        "question": asked[0].strip() if asked else None,
        "is_positive_question": reply.intent == "question" and reply.is_positive,
        "return_on": reply.return_on.isoformat() if reply.return_on else None,
        "referred_contact": f"{colleague} <{address[0]}>" if address else colleague,
        "confidence": 0.95,
    }


def _plain(text: str) -> str:
    """Return a text as its words, with a space around each, so that no word is found in another."""
    return f" {' '.join(text.split())} "


def _value(written: str) -> Any:
    """Return what stands written, as JSON where it is."""
    try:
        return json.loads(written.lower())
    except ValueError:
        return written
