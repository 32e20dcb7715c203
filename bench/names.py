"""The operations that search a name: common, rare and nobody's, of two and of three characters."""

from __future__ import annotations

from urllib.parse import quote

from bench import ledger
from bench.pairs import Row


def rows(app: int) -> list[Row]:
    """The first hundred of a search: ours ranked and in every field, the other's newest, in name and reading."""
    needles = {
        "two characters, common": ledger.SURNAMES[:5],
        "two characters, rare": ledger.RARE[:1],
        "two characters, nobody's": ("魑魅",),
        "three characters, common": tuple(kana for kana in ledger.KANA if len(kana) == 3)[:5],
        "three characters, rare": ledger.RARE[1:],
        "three characters, nobody's": ("ヌヌヌ",),
    }
    return [_row(app, f"name of {name}", words) for name, words in needles.items()]


def _row(app: int, name: str, words: tuple[str, ...]) -> Row:
    def word(n: int) -> str:
        return quote(words[n % len(words)])

    return Row(
        name,
        1,
        lambda c, n: c.program.need("GET", f"/api/v1/apps/{app}/search?limit=100&q={word(n)}"),
        lambda c, n: c.other.need("GET", f"/named?q={word(n)}"),
    )
