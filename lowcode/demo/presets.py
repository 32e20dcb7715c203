"""How much is made, and when: presets, the calendar of the wave, and "now"."""

from __future__ import annotations

import functools
import typing as t
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from lowcode.demo.streams import exp_steps
from lowcode.errors import Invalid, Problem

TOKYO: t.Final = ZoneInfo("Asia/Tokyo")
SEED: t.Final = 20220725
MORNING: t.Final = time(9, 0)
"""The moment of "now": what happens later in the day has not happened yet."""

# Monday first: what share of an ordinary day's notices comes on that day of the week.
WEEKDAYS: t.Final = (0.68, 0.77, 1.14, 1.23, 1.16, 1.01, 1.05)
# Peaks of seven waves: day of the peak among 900, width in days, height.
SEVEN: t.Final = (
    (40, 18, 0.05),
    (170, 22, 0.12),
    (330, 25, 0.3),
    (450, 28, 0.5),
    (560, 25, 0.9),
    (730, 40, 2.2),
    (880, 22, 6.5),
)


@dataclass(frozen=True, kw_only=True)
class Preset:
    """How large the invented city is and how long its wave lasts."""

    name: str
    cases: int
    days: int
    stride: int = 1
    """Days from one day of notices to the next (a tiny wave is spread so that cases of every age are seen)."""
    waves: t.Literal["one", "seven"] = "one"
    observed_days: int = 10_000
    """Cases of the last so many days have observations."""
    clinics: int = 420
    hospitals: int = 18
    hotels: int = 9
    homes: int = 260
    wards: bool = True
    """Whether cases lie in all wards; a tiny city is one ward."""


PRESETS: t.Final = {
    preset.name: preset
    for preset in (
        Preset(name="tiny", cases=60, days=3, stride=5, clinics=20, hospitals=2, hotels=1, homes=5, wards=False),
        Preset(name="demo", cases=4_200, days=14),
        Preset(name="wave", cases=90_000, days=30),
        Preset(name="hist", cases=154_321, days=900, waves="seven", observed_days=0),
        Preset(name="pref", cases=1_000_000, days=900, waves="seven", observed_days=0),
    )
}


@dataclass(frozen=True)
class World:
    """One data set: everything in it follows from these three."""

    preset: Preset
    seed: int
    now: datetime

    @classmethod
    def of(cls, preset: str, *, seed: int = SEED, now: date | datetime | None = None) -> World:
        """A data set by name. ``now`` is a moment, or a day (then 09:00 in Tokyo); by default today.

        :raises Invalid: ``demo.unknown_preset``.
        """
        if preset not in PRESETS:
            names = "、".join(PRESETS)
            raise Invalid([Problem(code="demo.unknown_preset", params={"name": preset[:40], "names": names})])
        if now is None:
            clock = datetime.now(TOKYO).replace(second=0, microsecond=0)
            now = min(clock, datetime.combine(clock.date(), MORNING, TOKYO))
        elif not isinstance(now, datetime):
            now = datetime.combine(now, MORNING, TOKYO)
        return cls(PRESETS[preset], seed, now.astimezone(UTC))

    @functools.cached_property
    def local_now(self) -> datetime:
        """ "Now" on a clock in Tokyo."""
        return self.now.astimezone(TOKYO)

    @property
    def today(self) -> date:
        """The last day of the data."""
        return self.local_now.date()

    @functools.cached_property
    def days(self) -> tuple[date, ...]:
        """The days on which notices come, oldest first."""
        preset = self.preset
        return tuple(self.today - timedelta(days=preset.stride * back) for back in range(preset.days - 1, -1, -1))

    @functools.cached_property
    def counts(self) -> tuple[int, ...]:
        """Notices of each day; they add up to the preset's number of cases exactly."""
        weights = [self._shape(number) * WEEKDAYS[day.weekday()] for number, day in enumerate(self.days)]
        total = sum(weights)
        ends = [round(self.preset.cases * end / total) for end in accumulate(weights)]
        return tuple(end - start for start, end in zip([0, *ends[:-1]], ends, strict=True))

    def _shape(self, number: int) -> float:
        if self.preset.waves == "seven":
            return 0.02 + sum(high * exp_steps(-(((number - peak) / wide) ** 2)) for peak, wide, high in SEVEN)
        place = (number + 1) * 30 / self.preset.days
        return 0.75 + 0.5 * exp_steps(-(((place - 18) / 9) ** 2))

    @functools.cached_property
    def starts(self) -> tuple[int, ...]:
        """The index of each day's first case."""
        return (0, *accumulate(self.counts))[:-1]

    def day_number(self, index: int) -> int:
        """On which of :attr:`days` the notice of a case comes."""
        return bisect_right(self.starts, index) - 1

    def at(self, day: date, minutes: float) -> datetime:
        """A moment so many minutes after midnight of a day in Tokyo."""
        return datetime.combine(day, time(), TOKYO).astimezone(UTC) + timedelta(minutes=int(minutes))
