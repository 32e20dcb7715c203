"""A parsed formula: what it refers to, what it yields, and its value for a record."""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException

from lowcode.errors import Problem
from lowcode.formula import check, compile, numbers, parser, tree
from lowcode.formula.kinds import (
    DEFAULT_PRECISION,
    Evaluator,
    Fault,
    Get,
    Kind,
    KindOrColumn,
    Options,
    Precision,
    Value,
)


@dataclass(frozen=True)
class Formula:
    """A formula that could be parsed; make it with :func:`parse`.

    Frozen and shared: the same text gives the same object, for all records and requests.
    """

    text: str
    root: tree.Node = field(repr=False, compare=False)

    @functools.cached_property
    def reference_order(self) -> tuple[str, ...]:
        """The field codes in the order of the text, each once."""
        codes = (node.code for node, _ in tree.walk(self.root) if isinstance(node, tree.Reference))
        return tuple(dict.fromkeys(codes))

    @functools.cached_property
    def references(self) -> frozenset[str]:
        """The field codes that the formula needs."""
        return frozenset(self.reference_order)

    @functools.cached_property
    def _run(self) -> Evaluator:
        return compile.compiled(self.root)

    def check(self, fields: Mapping[str, KindOrColumn]) -> Kind:
        """The kind of the result when the fields are of these kinds.

        Give the fields that the formula may see: for one in a subtable its own row's fields as plain kinds;
        other subtables' fields, and all of them for a formula outside, as :class:`Column`.

        :raises Invalid: with every problem: unknown fields and functions, numbers of arguments, kinds that do
            not fit, columns outside ``SUM`` and the like. Each has a ``position`` that counts from 1.
        """
        return check.check(self.root, fields)

    def evaluate(
        self,
        values: Mapping[str, Value] | Get,
        *,
        zone: zoneinfo.ZoneInfo,
        precision: Precision = DEFAULT_PRECISION,
    ) -> Value:
        """The formula's value for one record; ``None`` when it is empty or cannot be worked out.

        :param values: field code → value, as a mapping (what is missing is empty) or a function. Choices are
            labels, a multi-choice is a tuple of labels, a column a tuple with one value a row.
        :param zone: where days begin, for dates and times that become days or texts.
        :returns: numbers rounded to ``precision``, texts, booleans, dates, times. Never raises for a value
            of a wrong kind: that has no result either.
        """
        try:
            return self._value(values, zone, precision)
        except (Fault, DecimalException):
            return None

    def explain(
        self,
        values: Mapping[str, Value] | Get,
        *,
        zone: zoneinfo.ZoneInfo,
        precision: Precision = DEFAULT_PRECISION,
    ) -> Problem | None:
        """Why :meth:`evaluate` has no result for this record (divided by zero, too many digits …).

        ``None`` when nothing went wrong, even if the result is empty.
        """
        try:
            self._value(values, zone, precision)
        except Fault as fault:
            return Problem(code=fault.code)
        except DecimalException:
            return Problem(code="formula.fault.precision")
        return None

    def _value(self, values: Mapping[str, Value] | Get, zone: zoneinfo.ZoneInfo, precision: Precision) -> Value:
        get = values if callable(values) else values.get
        result = self._run(get, Options(zone, precision))
        if result.__class__ is Decimal:
            return numbers.fit(result, precision)
        if isinstance(result, tuple | list):
            raise Fault("conversion")
        return None if result == "" else result

    def __str__(self) -> str:
        """The formula without needless brackets and spaces."""
        return tree.to_text(self.root)


def parse(text: str) -> Formula:
    """The formula that ``text`` says.

    :raises Invalid: with one problem that says where (``position``, from 1) and what was ``found``:
        ``formula.syntax`` or a more precise code.
    """
    if len(text) > parser.MAX_LENGTH:
        parser.parse(text)  # refuses; a cache must not be asked to keep such a key
    return _parsed(text)


@functools.lru_cache(maxsize=2048)
def _parsed(text: str) -> Formula:
    return Formula(text, parser.parse(text))
