"""Forty ways in which somebody names a person on the telephone; each finds the right one, on both databases."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from tests.search.place import Office, rows

PEOPLE: t.Final[dict[str, dict[str, t.Any]]] = {
    "nguyen": {
        "name": "NGUYEN VAN ANH", "kana": "グエン ヴァン アイン", "tel": "070-1111-2233", "born": "2000-02-29",
        "address": "北九州市小倉北区城内１−１", "number": "C-2022-00017",
    },
    "watanabe": {
        "name": "渡邉 齋", "kana": "ワタナベ イツキ", "tel": "090-1234-5678", "postcode": "802-0001",
        "born": "1980-03-09", "number": "C-2022-00018", "note": "母は髙橋診療所に通う。",
    },
    "nakajima": {
        "name": "中嶋 純一", "kana": "ナカジマ ジュンイチ", "tel": "０８０（９８７６）５４３２", "born": "1989-01-08",
        "address": "福岡県北九州市門司区清滝ヶ丘2丁目",
    },
    "ono": {"name": "大野 優子", "kana": "オオノ ユウコ", "tel": "093-582-0000", "born": "2019-05-01"},
    "sato": {"name": "佐藤 京子", "kana": "サトウ キョウコ", "tel": "+81 90-2222-3333", "family": rows("佐藤 廣")},
    "hamada": {"name": "濵田 﨑", "kana": "ハマダ サキ", "tel": "050-3000-4444", "note": "部品番号 M12-3456 を忘れた"},
    "li": {"name": "李 明", "kana": "リ メイ", "tel": "070-9999-0001"},
}  # fmt: skip
PLAIN = [
    ("グエン", "nguyen"),
    ("Nguyen", "nguyen"),
    ("ｸﾞｴﾝ", "nguyen"),
    ("ぐえん", "nguyen"),
    ("ＮＧＵＹＥＮ", "nguyen"),
    ("Nguyễn Văn", "nguyen"),
    ("グエンヴァン", "nguyen"),
    ("anh nguyen", "nguyen"),
    ("小倉北区城内1-1", "nguyen"),
    ("00017", "nguyen"),
    ("渡邉", "watanabe"),
    ("渡辺", "watanabe"),
    ("渡邊", "watanabe"),
    ("わたなべ", "watanabe"),
    ("ﾜﾀﾅﾍﾞ", "watanabe"),
    ("渡辺斉", "watanabe"),
    ("watanabe", "watanabe"),
    ("090-1234-5678", "watanabe"),
    ("09012345678", "watanabe"),
    ("０９０１２３４５６７８", "watanabe"),
    ("090 1234 5678", "watanabe"),
    ("+81-90-1234-5678", "watanabe"),
    ("5678", "watanabe"),
    ("234-567", "watanabe"),
    ("〒802-0001", "watanabe"),
    ("8020001", "watanabe"),
    ("S55.3.9", "watanabe"),
    ("昭和55年3月9日", "watanabe"),
    ("1980/3/9", "watanabe"),
    ("高橋診療所", "watanabe"),
    ("中島", "nakajima"),
    ("じゆんいち", "nakajima"),
    ("junichi", "nakajima"),
    ("平成元年1月8日", "nakajima"),
    ("8098765432", "nakajima"),
    ("清滝ケ丘", "nakajima"),
    ("ohno", "ono"),
    ("yuko ono", "ono"),
    ("R1.5.1", "ono"),
    ("09022223333", "sato"),
    ("佐藤広", "sato"),
    ("浜田崎", "hamada"),
    ("m12", "hamada"),
    ("M12-3456", "hamada"),
    ("李", "li"),
]
FUZZY = [
    ("ナカシマ", "nakajima"),
    ("オノ", "ono"),
    ("サト キョコ", "sato"),
    ("ハマタ", "hamada"),
    ("グエン バン", "nguyen"),
    ("カタナベ", "watanabe"),
]


@pytest.fixture
def people(office: Office) -> tuple[Office, dict[int, str]]:
    numbers = office.add(*PEOPLE.values())
    return office, dict(zip(numbers, PEOPLE, strict=True))


def test_each_finds_the_right_person_first(people: tuple[Office, dict[int, str]]) -> None:
    office, named = people
    assert len(PLAIN) >= 40
    wrong = {}
    for words, wanted in PLAIN:
        found = [named[i] for i in office.ids(words)]
        if found[:1] != [wanted]:
            wrong[words] = found
    assert wrong == {}


def test_what_is_misheard_needs_the_fuzzy_search(people: tuple[Office, dict[int, str]]) -> None:
    office, named = people
    for words, wanted in FUZZY:
        plain = [named[i] for i in office.ids(words)]
        fuzzy = [named[i] for i in office.ids(words, fuzzy=True)]
        assert fuzzy[:1] == [wanted], words
        assert wanted not in plain or words == "オノ", words


@pytest.mark.parametrize("words", ["", "  ", "・-", "鈴木", "0000-1111", "S55.3.10", "x" * 500])
def test_what_is_nowhere_finds_nobody(office: Office, words: str) -> None:
    office.add(*PEOPLE.values())
    found = office.found(words)
    assert (found.hits, found.total, found.more) == ((), 0, False)


def test_the_fields_that_hold_the_words_are_named(people: tuple[Office, dict[int, str]]) -> None:
    office, _ = people
    named = {
        words: [field.code for field in office.found(words).hits[0].fields]
        for words in ("渡邉", "わたなべ", "5678", "S55.3.9", "ワタナベ 高橋", "佐藤広")
    }
    assert named == {
        "渡邉": ["name"],
        "わたなべ": ["kana"],
        "5678": ["tel"],
        "S55.3.9": ["born"],
        "ワタナベ 高橋": ["kana", "note"],
        "佐藤広": ["relative"],
    }


def test_a_record_is_found_by_its_own_number_first(office: Office) -> None:
    first, second = office.add({"name": "甲", "number": "2"}, {"name": "乙", "number": "7"})
    assert (first, second) == (1, 2)
    assert office.ids("2") == [2, 1]
    assert office.ids("1") == [1]


def test_whole_words_stand_before_beginnings_and_those_before_parts(office: Office) -> None:
    inside, start, word, whole = office.add(
        {"name": "山田 中"}, {"name": "田中川 一"}, {"name": "田中 一"}, {"name": "田中"}
    )
    assert office.ids("田中") == [whole, word, start, inside]


def test_many_hits_are_not_counted_and_the_best_come_first(office: Office, engine: sa.Engine) -> None:
    (best,) = office.add({"name": "田中"})
    office.add(*[{"name": f"田中丸 {n}"} for n in range(150)])
    office.add(*[{"name": "鈴木", "note": "田中さんの知人"} for _ in range(130)])
    found = office.found("田中", limit=10)
    assert found.hits[0].id == best
    assert {hit.fields[0].code for hit in found.hits} == {"name"}
    assert (found.total, found.more) == (100, True)
    second = office.found("田中", limit=10, offset=10)
    assert not {hit.id for hit in second.hits} & {hit.id for hit in found.hits}
