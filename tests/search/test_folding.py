"""Every class of folding, as a table: what is written differently and means the same, and what does not."""

from __future__ import annotations

import random
import unicodedata

import pytest

from lowcode.search import romaji
from lowcode.search.folding import compact, loose, mapped, normal
from lowcode.search.variants import VARIANTS

SAME = [
    ("width of kana", "ﾜﾀﾅﾍﾞ", "ワタナベ"),
    ("width of letters and digits", "ＡＢ１２", "ab12"),
    ("hiragana", "わたなべ", "ワタナベ"),
    ("a voiced mark by itself", "カ\u3099", "ガ"),
    ("small kana", "ジュンイチ", "ジユンイチ"),
    ("small hiragana", "きょうこ", "キヨウコ"),
    ("small tsu", "ハットリ", "ハツトリ"),
    ("small ka and ke", "ヶ丘", "ケ丘"),
    ("capital letters", "NGUYEN", "nguyen"),
    ("accents", "Nguyễn Văn Đức", "nguyen van duc"),
    ("a sharp s", "STRASSE", "straße"),
    ("high with a ladder", "髙橋", "高橋"),
    ("a standing cape", "山﨑", "山崎"),
    ("an edge, twice", "渡邊", "渡邉"),
    ("an edge, simply", "渡邉", "渡辺"),
    ("all forms of sai", "齋齊斎", "斉斉斉"),
    ("a beach", "濵田", "浜田"),
    ("a beach, the old form", "濱田", "浜田"),
    ("a marsh", "澤", "沢"),
    ("wide", "廣", "広"),
    ("a country", "國", "国"),
    ("an island", "嶋嶌", "島島"),
    ("beyond the first plane", "𠮷田", "吉田"),
    ("a character that Unicode decomposes", "\ufa19", "神"),
    ("the selector of a glyph", "葛\U000e0100", "葛"),
    ("a number's signs", "090-1234-5678", "090 1234 5678"),
    ("a number in full width", "０９０（１２３４）５６７８", "090-1234-5678"),
    ("a number from abroad", "+81 90-1234-5678", "09012345678"),
    ("a number from abroad with its nought", "+81(0)90 1234 5678", "09012345678"),
    ("a postcode with its sign", "〒802-0001", "8020001"),
    ("a middle dot", "グエン・ヴァン", "グエン ヴァン"),
    ("dashes of every length", "1−2‐3", "1-2-3"),
]
ALIKE = [
    ("voiced", "ナカジマ", "ナカシマ"),
    ("half voiced", "パ", "ハ"),
    ("a long vowel's mark", "オーノ", "オノ"),
    ("a long o by itself", "オオノ", "オノ"),
    ("a long o by u", "サトウ", "サト"),
    ("a long u", "ユウコ", "ユコ"),
    ("a long e", "ケイコ", "ケーコ"),
    ("ji and di", "ジ", "ヂ"),
    ("zu and du", "ズ", "ヅ"),
    ("wo", "ヲ", "オ"),
    ("v and b", "ヴァン", "バアン"),
]
DIFFERENT = [("one of two names", "伊東", "伊藤"), ("another edge", "渡部", "渡辺"), ("n and no", "ン", "ノ")]


@pytest.mark.parametrize("one, other", [pytest.param(a, b, id=name) for name, a, b in SAME])
def test_what_is_written_differently_is_the_same(one: str, other: str) -> None:
    assert compact(normal(one)) == compact(normal(other)) != ""


@pytest.mark.parametrize("one, other", [pytest.param(a, b, id=name) for name, a, b in ALIKE])
def test_what_sounds_alike_is_the_same_only_when_fuzzy(one: str, other: str) -> None:
    assert loose(normal(one)) == loose(normal(other))
    assert normal(one) != normal(other)


@pytest.mark.parametrize("one, other", [pytest.param(a, b, id=name) for name, a, b in DIFFERENT])
def test_what_only_looks_alike_stays_apart(one: str, other: str) -> None:
    assert loose(normal(one)) != loose(normal(other))


def test_variants_lead_to_one_character_that_leads_nowhere() -> None:
    assert len(VARIANTS) > 300
    assert not set(VARIANTS) & set(VARIANTS.values())
    assert all(len(one) == len(other) == 1 for one, other in VARIANTS.items())
    lost = [c for c in VARIANTS.values() if unicodedata.normalize("NFKC", c) != c]
    assert lost == []


@pytest.mark.parametrize(
    "latin, kana",
    [
        ("tanaka", "タナカ"),
        ("Watanabe", "ワタナベ"),
        ("shinbashi", "シンバシ"),
        ("shimbashi", "シンバシ"),
        ("sinbasi", "シンバシ"),
        ("hattori", "ハットリ"),
        ("itchi", "イッチ"),
        ("kyoko", "キョコ"),
        ("junichi", "ジュンイチ"),
        ("jun'ichi", "ジュンイチ"),
        ("satoh", "サト"),
        ("ohno", "オノ"),
        ("Yūko", "ユコ"),
        ("tsuji", "ツジ"),
        ("tuzi", "ツジ"),
    ],
)
def test_latin_letters_are_read_as_kana(latin: str, kana: str) -> None:
    assert kana in romaji.to_kana(latin)


@pytest.mark.parametrize("word", ["nguyen", "m12", "", "x", "smith"])
def test_what_is_no_romaji_has_no_reading(word: str) -> None:
    assert romaji.to_kana(word) == ()


@pytest.mark.parametrize(
    "kana, latin",
    [("タナカ", "tanaka"), ("サトウ", "sato"), ("サトウ", "satou"), ("シンバシ", "shimbashi"), ("ハットリ", "hattori")],
)
def test_kana_are_written_as_a_passport_does_and_in_full(kana: str, latin: str) -> None:
    assert latin in romaji.to_latin(kana)


def test_what_is_marked_is_compared_as_it_is_searched() -> None:
    chance = random.Random(5)
    letters = "アガｶﾞｱ゙かがャゅ邉髙a Ｂéđ9０-・ 々ー𠮷葛\U000e0100"
    for _ in range(2_000):
        text = "".join(chance.choice(letters) for _ in range(chance.randrange(12)))
        made = mapped(text)
        assert made.compact == compact(normal(text)), ascii(text)
        assert len(made.places) == len(made.compact)
