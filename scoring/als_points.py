"""The points of the Agency Lead Score: read from YAML, validated, flattened to one integer row a client.

`scoring/als.yml` holds the defaults and is the schema: a user's file replaces values in it, never adds keys.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

Table = Mapping[str, Mapping[str, int]]

WEIGHT_UNIT = 10_000
"""Weights are kept as whole ten-thousandths, so that every step of the score is integer arithmetic."""

LOWEST_WEIGHT, HIGHEST_WEIGHT = 500, 5_000

COMPONENTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "data_quality": (("email",), ("phone",), ("linkedin",), ("personal_email",)),
    "authority": (("title", "seniority"),),
    "company_fit": (("industry",), ("employees",), ("country",)),
    "timing": (("role",), ("hiring",), ("funding",)),
    "risk": (("risk",),),
}
"""Component → its signals; of signals written together only one can give points."""

TIERS = ("hot", "warm", "cool", "cold")


class PointsError(Exception):
    """The points cannot be used; the message is one line per problem, each with line and key."""


@dataclass(frozen=True)
class ClientPoints:
    """Everything that decides a score for one client.

    weights: component → ten-thousandths, summing to 10,000. tiers: tier → lowest score.
    points: signal → option → points. limits: signal → limit → number. channels: tier → channels it opens.
    """

    weights: Mapping[str, int]
    tiers: Mapping[str, int]
    points: Table
    limits: Table
    channels: Mapping[str, tuple[str, ...]]

    def signal_maximum(self, *signals: str) -> int:
        """Return the most points that one of `signals` can give."""
        return max(max(self.points[signal].values()) for signal in signals)

    def component_maximum(self, component: str) -> int:
        """Return the most points of `component`, before weights."""
        return sum(self.signal_maximum(*group) for group in COMPONENTS[component])

    def factors(self) -> tuple[dict[str, int], int]:
        """Return component → factor, and the divisor: weighted points = points × factor / divisor, exactly.

        A component of maximum M and weight W/10,000 gives points/M × 100 × W/10,000 of the score, which is
        points × (W·L/M) / (100·L), L being the least common multiple of the five maxima.
        """
        maxima = {component: self.component_maximum(component) for component in COMPONENTS}
        common = math.lcm(*maxima.values())
        factors = {name: self.weights[name] * common // maximum for name, maximum in maxima.items()}
        return factors, 100 * common

    def tier(self, score: int) -> str:
        """Return the tier of a score; bounds are inclusive below."""
        return next((tier for tier in TIERS if score >= self.tiers[tier]), "dead")

    def values(self) -> dict[str, int]:
        """Return every number under its column name in scoring.als_points."""
        factors, divisor = self.factors()
        row = {f"weight_{name}": weight for name, weight in self.weights.items()}
        row |= {f"factor_{name}": factor for name, factor in factors.items()} | {"divisor": divisor}
        row |= {f"tier_{name}": bound for name, bound in self.tiers.items()}
        for groups in COMPONENTS.values():
            row |= {f"max_{group[0]}": self.signal_maximum(*group) for group in groups}
        row |= {f"{signal}_{key}": n for signal, group in self.points.items() for key, n in group.items()}
        row |= {
            f"limit_{signal}_{key}": n for signal, group in self.limits.items() for key, n in group.items()
        }
        return row

    def version(self) -> str:
        """Return a name that changes with any number of `values`."""
        text = ";".join(f"{name}={number}" for name, number in sorted(self.values().items()))
        return "als-" + hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Points:
    """The points of all clients.

    default: for clients without values of their own. clients: client id of winnow.yml → its points.
    sources: signal → source table → the best option that the table can give.
    """

    default: ClientPoints
    clients: Mapping[str, ClientPoints]
    sources: Mapping[str, Mapping[str, str]]

    def of(self, client: str) -> ClientPoints:
        """Return the points of `client`."""
        return self.clients.get(client, self.default)


def load_points(path: Path | None = None) -> Points:
    """Read the defaults and, where `path` is given, what it replaces. Raises PointsError."""
    defaults = _defaults()
    if path is None:
        return Points(_client_points(defaults), {}, defaults["sources"])
    root = _compose(path)
    reader = _Reader(path, root)
    general = reader.merged(defaults, [pair for pair in reader.pairs(root, ()) if pair[0] != "clients"], ())
    allowed = {name: value for name, value in general.items() if name != "sources"}
    own = dict(reader.pairs(root, ())).get("clients")
    clients = {
        key: reader.merged(allowed, reader.pairs(node, ("clients", key)), ("clients", key))
        for key, node in (reader.pairs(own, ("clients",)) if own is not None else ())
    }
    reader.stop_on_problems()
    default = reader.checked(general, ())
    of_clients = {key: reader.checked(value, ("clients", key)) for key, value in clients.items()}
    reader.stop_on_problems()
    return Points(default, of_clients, general["sources"])


@lru_cache(maxsize=1)
def _defaults() -> dict[str, Any]:
    import yaml

    document: dict[str, Any] = yaml.load((files(__package__) / "als.yml").read_text(), yaml.BaseLoader)
    return document


def _compose(path: Path) -> yaml.MappingNode:
    import yaml

    if not path.is_file():
        raise PointsError(f"{path} is missing; correct `als:` in winnow.yml")
    try:
        root = yaml.compose(path.read_text(), Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise PointsError(f"{path}:{line}: not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(root, yaml.MappingNode):
        raise PointsError(f"{path}:1: expected keys such as weights, points, clients")
    return root


class _Reader:
    """Merges a user's YAML over the defaults and collects what is wrong with it."""

    def __init__(self, path: Path, root: yaml.MappingNode) -> None:
        self.path = path
        self.root = root
        self.problems: list[str] = []

    def problem(self, place: tuple[str, ...], message: str) -> None:
        """Note a problem at the line of the deepest part of `place` that the file has."""
        import yaml

        node: yaml.Node = self.root
        line = 1
        for step in place:
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            found = next(((key, value) for key, value in pairs if key.value == step), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        self.problems.append(f"{self.path}:{line}: {'.'.join(place)}: {message}")

    def stop_on_problems(self) -> None:
        """Raise PointsError when there was a problem."""
        if self.problems:
            raise PointsError("\n".join(self.problems))

    def pairs(self, node: yaml.Node, place: tuple[str, ...]) -> list[tuple[str, yaml.Node]]:
        """Return the keys and values of a mapping; anything else is a problem."""
        import yaml

        if isinstance(node, yaml.MappingNode):
            return [(key.value, value) for key, value in node.value]
        self.problem(place, "expected keys and values")
        return []

    def merged(
        self, default: Mapping[str, Any], pairs: Sequence[tuple[str, yaml.Node]], place: tuple[str, ...]
    ) -> dict[str, Any]:
        """Return `default` with the values of `pairs` in it; keys that `default` lacks are problems."""
        result = dict(default)
        is_open = place[:1] == ("sources",) and len(place) == 2  # anybody may add a source table
        for key, node in pairs:
            where = (*place, key)
            if key not in default and not is_open:
                self.problem(where, f"unknown key; known are {', '.join(default)}")
                continue
            known = default.get(key, "")
            if isinstance(known, dict):
                result[key] = self.merged(known, self.pairs(node, where), where)
            else:
                result[key] = self._value(known, node, where)
        return result

    def _value(self, default: Any, node: yaml.Node, place: tuple[str, ...]) -> Any:
        import yaml

        if isinstance(default, list):
            if isinstance(node, yaml.SequenceNode):
                return [item.value for item in node.value]
            self.problem(place, "expected a list")
            return default
        text = node.value if isinstance(node, yaml.ScalarNode) else ""
        if place[0] == "sources":
            options = _defaults()["points"][place[1]]
            if text not in options:
                self.problem(place, f"{text!r} is no option of {place[1]} ({', '.join(options)})")
            return text
        is_weight = place[-2] == "weights"
        digits = text.replace(".", "", 1) if is_weight else text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
            kind = "a number such as 0.25" if is_weight else "a whole number"
            self.problem(place, f"expected {kind}, not {text!r}")
            return default
        return text

    def checked(self, document: Mapping[str, Any], place: tuple[str, ...]) -> ClientPoints:
        """Return the points of a merged document; numbers that contradict each other are problems."""
        points = _client_points(document)
        exact = {name: Decimal(text) * WEIGHT_UNIT for name, text in document["weights"].items()}
        for name, weight in exact.items():
            if weight != points.weights[name]:
                self.problem((*place, "weights", name), f"{weight / WEIGHT_UNIT} has over four decimals")
        for key, message in _contradictions(points):
            self.problem((*place, *key), message)
        return points


def _client_points(document: Mapping[str, Any]) -> ClientPoints:
    return ClientPoints(
        weights={name: int(Decimal(text) * WEIGHT_UNIT) for name, text in document["weights"].items()},
        tiers={name: int(text) for name, text in document["tiers"].items()},
        points=_numbers(document["points"]),
        limits=_numbers(document["limits"]),
        channels={tier: tuple(names) for tier, names in document["channels"].items()},
    )


def _numbers(document: Mapping[str, Mapping[str, str]]) -> Table:
    return {key: {name: int(text) for name, text in group.items()} for key, group in document.items()}


def _contradictions(points: ClientPoints) -> list[tuple[tuple[str, ...], str]]:
    """Return (key, message) of what the numbers get wrong, alone or together."""
    problems: list[tuple[tuple[str, ...], str]] = []
    for name, weight in points.weights.items():
        if not LOWEST_WEIGHT <= weight <= HIGHEST_WEIGHT:
            problems.append((("weights", name), f"{Decimal(weight) / WEIGHT_UNIT} is outside 0.05–0.50"))
    if (total := sum(points.weights.values())) != WEIGHT_UNIT:
        problems.append((("weights",), f"they sum to {Decimal(total) / WEIGHT_UNIT}, not 1"))
    bounds = [points.tiers[tier] for tier in TIERS]
    if bounds != sorted(set(bounds), reverse=True) or not 0 < bounds[-1] <= bounds[0] <= 100:
        problems.append((("tiers",), "bounds must fall from hot to cold, within 1–100"))
    for signal, group in points.points.items():
        for option, number in group.items():
            low, high = (-100, 0) if signal == "risk" and option != "start" else (0, 100)
            if not low <= number <= high:
                problems.append((("points", signal, option), f"{number} is outside {low}–{high}"))
    for signal, group in points.limits.items():
        for key, number in group.items():
            if number <= 0:
                problems.append((("limits", signal, key), f"{number} must be above 0"))
    if not problems:
        for component, groups in COMPONENTS.items():
            if points.component_maximum(component) == 0:
                names = ", ".join(name for group in groups for name in group)
                problems.append((("points",), f"{component} can give nothing; raise one of {names}"))
    return problems
