"""Random numbers that are the same everywhere: one SplitMix64 stream per (seed, kind of thing, index).

Row n is the same whether 3,000 or 1,000,000 rows are made, in any order, on any machine. Nothing here asks a clock,
a locale or the language's own hash.
"""

from __future__ import annotations

import math
import typing as t
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

T = t.TypeVar("T")

MASK: t.Final = (1 << 64) - 1
_STEP: t.Final = 0x9E3779B97F4A7C15
STRATA: t.Final = 128
"""How many neighbours share a quantity evenly between them, see :func:`stratified`."""


def mix(value: int) -> int:
    """SplitMix64's finaliser: 64 bits that differ everywhere for neighbouring values."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & MASK
    return value ^ (value >> 31)


_KINDS: dict[str, int] = {}


def _kind_number(kind: str) -> int:
    """64 bits of a name (FNV-1a)."""
    found = _KINDS.get(kind)
    if found is None:
        found = 0xCBF29CE484222325
        for byte in kind.encode():
            found = (found ^ byte) * 0x100000001B3 & MASK
        _KINDS[kind] = found
    return found


def start_of(seed: int, kind: str, index: int) -> int:
    """The state with which the stream of one thing begins."""
    return mix(mix(mix(seed & MASK) ^ _kind_number(kind)) + index * _STEP & MASK)


class Stream:
    """The random numbers of one thing."""

    __slots__ = ("_spare", "_state")

    def __init__(self, seed: int, kind: str, index: int) -> None:
        self._state = start_of(seed, kind, index)
        self._spare: float | None = None

    def bits(self) -> int:
        """The next 64 bits."""
        self._state = state = self._state + _STEP & MASK
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & MASK
        return state ^ (state >> 31)

    def uniform(self) -> float:
        """A number from 0 up to but not including 1."""
        return (self.bits() >> 11) * 2.0**-53

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.uniform() < probability

    def below(self, limit: int) -> int:
        """A whole number from 0 up to but not including ``limit``."""
        return self.bits() * limit >> 64

    def between(self, least: int, most: int) -> int:
        """A whole number from ``least`` to ``most``."""
        return least + self.below(most - least + 1)

    def choice(self, items: Sequence[T]) -> T:
        """One of the items, each as likely."""
        return items[self.below(len(items))]

    def normal(self) -> float:
        """A number of the normal distribution (mean 0, deviation 1)."""
        # The sum of twelve is near enough, and unlike logarithms gives the same bits on every machine.
        total = 0
        for _ in range(3):
            bits = self.bits()
            total += (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
        return total / 65536.0 - 6.0


class Weighted(t.Generic[T]):
    """Things with shares."""

    def __init__(self, shares: Mapping[T, float] | Sequence[tuple[T, float]]) -> None:
        pairs = list(shares.items() if isinstance(shares, Mapping) else shares)
        self.items = [item for item, _ in pairs]
        total = sum(share for _, share in pairs)
        self._ends = list(accumulate(share / total for _, share in pairs))

    def at(self, quantile: float) -> T:
        """The thing at a place between 0 and 1."""
        return self.items[min(bisect_right(self._ends, quantile), len(self.items) - 1)]

    def draw(self, stream: Stream) -> T:
        """One of them by its share."""
        return self.at(stream.uniform())


def stratified(seed: int, kind: str, index: int) -> float:
    """A number from 0 to 1 such that each block of 128 neighbours covers the range evenly.

    Shares then hold in small data sets too; still each number depends on its index alone.
    """
    block, place = divmod(index, STRATA)
    state = start_of(seed, kind, block)
    stratum = ((state | 1) * place + (state >> 32)) & (STRATA - 1)
    inside = (mix(state + (place + 1) * _STEP & MASK) >> 11) * 2.0**-53
    return (stratum + inside) / STRATA


def exp_steps(value: float) -> float:
    """``e`` to the power of ``value``, rounded so far that every machine's library agrees."""
    return round(math.exp(value), 9)
