"""Faults as they are written, `NAME:KEY=VALUE,KEY=VALUE`: read, matched to requests, and counted."""

import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from flowimg_tui.demo.faults.asked import ALL, PICTURES, Asked, Route
from flowimg_tui.demo.faults.keys import Reader, Rule, readers
from flowimg_tui.demo.faults.kinds import Kind

_GROUPS: Final = {"pictures": PICTURES, "all": ALL}


class Fault:
    """One spec at work. Thread-safe."""

    def __init__(self, spec: str, kind: Kind, routes: frozenset[Route], rule: Rule) -> None:
        self.spec = spec
        self.kind = kind
        self._routes = routes
        self._rule = rule
        self._rng = kind.rng = random.Random(rule.seed)  # noqa: S311 - a run that repeats, not a secret
        self._seen = self._hits = 0
        self._answers: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def hits(self) -> int:
        """How many answers it has spoilt."""
        return self._hits

    def concerns(self, asked: Asked) -> bool:
        """Whether it is about requests such as this one."""
        return asked.route in self._routes and asked.media_key.startswith(self._rule.key)

    def takes(self, asked: Asked) -> bool:
        """Whether it spoils this answer, of a request that it is about. Each question counts."""
        rule = self._rule
        with self._lock:
            self._seen += 1
            if self._seen <= rule.after or (rule.times is not None and self._hits >= rule.times):
                return False
            self._answers[asked.resource] += 1
            if rule.each is not None and self._answers[asked.resource] > rule.each:
                return False
            if rule.share < 1 and self._rng.random() >= rule.share:
                return False
            self._hits += 1
            return True


class Faults:
    """The faults of a service, in the order in which they were added. Thread-safe."""

    def __init__(self, kinds: Mapping[str, type[Kind]]) -> None:
        self._kinds = kinds
        self._faults: tuple[Fault, ...] = ()
        self._lock = threading.Lock()

    @property
    def current(self) -> tuple[Fault, ...]:
        """Those of this moment."""
        return self._faults

    @property
    def hits(self) -> dict[str, int]:
        """How many answers each spec has spoilt."""
        hits: dict[str, int] = {}
        for fault in self._faults:
            hits[fault.spec] = hits.get(fault.spec, 0) + fault.hits
        return hits

    def add(self, spec: str) -> None:
        """Add the fault that `spec` writes. Raises ValueError with what is allowed."""
        fault = read_fault(spec, self._kinds)
        with self._lock:
            self._faults = (*self._faults, fault)

    def clear(self) -> None:
        """Take all away, and their counts."""
        with self._lock:
            self._faults = ()


def read_fault(spec: str, kinds: Mapping[str, type[Kind]]) -> Fault:
    """The fault that `spec` writes. Raises ValueError with what is allowed."""
    name, colon, rest = spec.partition(":")
    if name not in kinds:
        raise ValueError(f"there is no fault {name!r}; there are {', '.join(kinds)}")
    kind = kinds[name]
    own, common = readers(kind), readers(Rule)
    given = _pairs(rest) if colon else {}
    unknown = [key for key in given if key not in {"on", *own, *common}]
    if unknown:
        raise ValueError(f"{name} takes {', '.join(['on', *common, *own])}, not {unknown[0]!r}")
    routes = _routes(name, kind.may, given.pop("on")) if "on" in given else kind.on
    values = {key: _read(key, value, (own | common)[key]) for key, value in given.items()}
    rule = replace(kind.rule, **{key: value for key, value in values.items() if key in common})
    return Fault(spec, kind(**{key: value for key, value in values.items() if key in own}), routes, rule)


def _pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for pair in text.split(","):
        key, equals, value = pair.partition("=")
        if not equals or key in pairs:
            raise ValueError(f"a fault is NAME or NAME:KEY=VALUE,KEY=VALUE with each key once, not {pair!r}")
        pairs[key] = value
    return pairs


def _routes(name: str, may: frozenset[Route], text: str) -> frozenset[Route]:
    """The routes that `on` names. A group means those of its routes that the fault can spoil."""
    single = {str(route): frozenset({route}) for route in Route if route in may}
    groups = {group: routes & may for group, routes in _GROUPS.items() if routes & may}
    allowed = single | groups
    parts = text.split("+")
    if not allowed.keys() >= set(parts):
        raise ValueError(f"on of {name} must be of {', '.join(allowed)}, joined by +")
    return frozenset().union(*(allowed[part] for part in parts))


def _read(key: str, value: str, reader: Reader) -> Any:
    try:
        return reader(value)
    except ValueError as error:
        raise ValueError(f"{key} {error}") from None
