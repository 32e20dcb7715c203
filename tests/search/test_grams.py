"""Grams: whatever a text holds is found by them, edges too, and numbers are not found by chance."""

from __future__ import annotations

import random

import pytest

from lowcode.search.folding import compact
from lowcode.search.grams import Condition, Every, Gram, Some, holds, nearly, of_record

LETTERS = "アイウ田中ab12345 "


def meets(grams: set[str], condition: Condition) -> bool:
    if isinstance(condition, Gram):
        return any(g.startswith(condition.text) for g in grams) if condition.prefix else condition.text in grams
    test = all if isinstance(condition, Every) else any
    return test(meets(grams, part) for part in condition.parts)


def test_every_part_of_a_text_is_found() -> None:
    chance = random.Random(7)
    for _ in range(3_000):
        text = " ".join("".join(chance.choice(LETTERS) for _ in range(chance.randrange(1, 14))).split())
        run = compact(text)
        if not run:
            continue
        start = chance.randrange(len(run))
        part = run[start : start + chance.randrange(1, 9)]
        grams = set(of_record({"f1": text, "f2": "イイイ"}))
        assert meets(grams, holds(["f1"], part)), (text, part)
        assert not meets(grams, holds(["f3"], part))
        first = text.split()[0]
        assert meets(grams, holds(["f1"], first, "word"))
        assert meets(grams, holds(["f1"], first[:3], "start"))


@pytest.mark.parametrize(
    "text, word, found",
    [
        ("09012345678", "5678", True),
        ("09012345678", "0123", True),
        ("09012345678", "012345", True),
        ("09012345678", "1235", False),  # its pairs are all there
        ("09012345678", "34", True),
        ("m12345", "m12", True),
        ("m12345", "m13", False),
        ("12号", "2号", True),
        ("田中\n太郎", "中太", False),  # the rows of a table are no one text
    ],
)
def test_numbers_and_edges(text: str, word: str, found: bool) -> None:
    assert meets(set(of_record({"f1": text})), holds(["f1"], word)) is found


@pytest.mark.parametrize(
    "word, place, found",
    [
        ("タナカ", "word", True),
        ("タナ", "word", False),
        ("タナ", "start", True),
        ("ナカ", "start", False),
        ("カミ", "inside", True),
        ("タ", "start", True),
        ("ミユ", "word", True),
    ],
)
def test_places(word: str, place: str, found: bool) -> None:
    grams = set(of_record({"f1": "タナカ ミユ"}))
    assert meets(grams, holds(["f1"], word, place)) is found  # type: ignore[arg-type]  # of the table above


def test_sounds_are_kept_only_where_they_differ() -> None:
    assert [g for g in of_record({"f1": "タナカ"}) if "~" in g] == []
    grams = set(of_record({"f1": "ナカジマ"}))
    assert meets(grams, holds(["f1"], "ナカシマ", heard=True))
    assert not meets(grams, holds(["f1"], "ナカシマ"))


def test_one_misheard_character_is_near() -> None:
    grams = set(of_record({"f1": "ワタナヘ"}))
    assert meets(grams, nearly(["f1"], "ワタナカ"))
    assert meets(grams, nearly(["f1"], "カタナヘ"))
    assert not meets(grams, nearly(["f1"], "ワカ"))


def test_a_very_long_text_stays_within_what_the_database_takes() -> None:
    chance = random.Random(3)
    text = "".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(60_000))
    grams = of_record({f"f{n}": text for n in range(9)})
    assert sum(len(g.encode()) + 4 for g in grams) < 1_000_000


def test_nothing_holds_a_word_where_there_is_no_field() -> None:
    assert holds([], "田中") == Some(())
