"""What formulas yield: a table for each operator, function and edge."""

from __future__ import annotations

import datetime as dt
import typing as t
import zoneinfo
from decimal import Decimal

import pytest

from lowcode.formula import Precision, Value, parse

TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")

RECORD: dict[str, Value] = {
    "n": Decimal("7"),
    "half": Decimal("0.5"),
    "zero": Decimal(0),
    "none": None,
    "数量": Decimal(3),
    "単価_税込": Decimal("110"),
    "１回目": Decimal(1),
    "t": "abc",
    "blank": "",
    "名前": "山田",
    "yes": True,
    "no": False,
    "d": dt.date(2022, 8, 25),
    "leap": dt.date(2000, 2, 29),
    "clock": dt.time(9, 30),
    "at": dt.datetime(2022, 8, 24, 23, 30, tzinfo=dt.UTC),
    "risks": ("COPD", "糖尿病"),
    "nothing": (),
    "prices": (Decimal(100), None, Decimal("50.5")),
    "labels": ("a", None, "b"),
    "dates": (dt.date(2022, 8, 1), None, dt.date(2022, 7, 1)),
    "choice_rows": (("x", "y"), (), ("z",)),
    "no_rows": (),
    "huge": Decimal("123456789012"),
}


def value(text: str, precision: Precision | None = None, /, **more: t.Any) -> Value:
    return parse(text).evaluate({**RECORD, **more}, zone=TOKYO, precision=precision or Precision())


ARITHMETIC = [
    ("1", "1"),
    ("1.50", "1.5"),
    (".5", "0.5"),
    ("007", "7"),
    ("1+2", "3"),
    ("1 - 2", "-1"),
    ("2*3.5", "7"),
    ("0.1+0.2", "0.3"),
    ("1+2*3", "7"),
    ("(1+2)*3", "9"),
    ("10-4-3", "3"),
    ("10-(4-3)", "9"),
    ("100/10/2", "5"),
    ("2*3/4", "1.5"),
    ("10/4", "2.5"),
    ("10/3", "3.3333"),
    ("20/3", "6.6667"),
    ("-20/3", "-6.6667"),
    ("1/3*3", "0.9999"),
    ("1/3+1/3+1/3", "0.9999"),
    ("1/20000", "0"),
    ("3/20000", "0.0002"),
    ("0.00005*2", "0.0001"),
    ("0.00005", "0"),
    ("0.00015", "0.0002"),
    ("1/0", None),
    ("0/0", None),
    ("1/none", None),
    ("none/1", "0"),
    ("1+1/0", None),
    ("2^3", "8"),
    ("2^0", "1"),
    ("0^0", "1"),
    ("2^-1", "0.5"),
    ("3^-1", "0.3333"),
    ("0^-1", None),
    ("3^2.5", "9"),
    ("3^2.999", "9"),
    ("4^-2.9", "0.0625"),
    ("4^half", "1"),
    ("2^3^2", "64"),
    ("2^(3^2)", "512"),
    ("-2^2", "4"),
    ("-(2^2)", "-4"),
    ("0-2^2", "-4"),
    ("2*3^2", "18"),
    ("1^100", "1"),
    ("1^-100", "1"),
    ("1^101", None),
    ("1^-101", None),
    ("1^100.9", "1"),
    ("10^11", "100000000000"),
    ("10^12", None),
    ("-7", "-7"),
    ("+7", "7"),
    ("--7", "7"),
    ("-+-7", "7"),
    ("3--2", "5"),
    ("3*-2", "-6"),
    ("-0", "0"),
    ("-none", "0"),
    ("n+1", "8"),
    ("none+1", "1"),
    ("none", None),
    ("missing+1", "1"),
    ("none*5", "0"),
    ("none+none", "0"),
    ("blank+1", "1"),
    ("t+1", None),
    ("-t", None),
    ("risks+1", None),
    ("yes+1", "2"),
    ("no+1", "1"),
    ("数量*単価_税込", "330"),
    ("数量 *　単価_税込", "330"),
    ("１回目+1", "2"),
    ("huge", "123456789012"),
    ("huge*10", None),
    ("huge*10/10", "123456789012"),
    ("999999999999.99994", "999999999999.9999"),
    ("999999999999.99995", None),
    ("1\n+\r\n\t2", "3"),
]


@pytest.mark.parametrize("text, expected", ARITHMETIC)
def test_arithmetic_is_exact_and_an_empty_operand_counts_as_zero(text: str, expected: str | None) -> None:
    result = value(text)
    assert result == (None if expected is None else Decimal(expected))
    assert expected is None or f"{result:f}" == expected  # no idle zeros, no exponent, no minus zero


ROUNDED = [
    ("2/3", Precision(16, 4, "HALF_EVEN"), "0.6667"),
    ("2/3", Precision(16, 4, "DOWN"), "0.6666"),
    ("1/3", Precision(16, 4, "UP"), "0.3334"),
    ("-1/3", Precision(16, 4, "UP"), "-0.3334"),
    ("-2/3", Precision(16, 4, "DOWN"), "-0.6666"),
    ("1/8", Precision(16, 2, "HALF_EVEN"), "0.12"),
    ("3/8", Precision(16, 2, "HALF_EVEN"), "0.38"),
    ("1/3", Precision(30, 10, "HALF_EVEN"), "0.3333333333"),
    ("2/3", Precision(16, 0, "HALF_EVEN"), "1"),
    ("5/2", Precision(16, 0, "HALF_EVEN"), "2"),
    ("12345", Precision(4, 0), None),
    ("1234", Precision(4, 0), "1234"),
    ("9.999", Precision(3, 2, "DOWN"), "9.99"),
    ("9.999", Precision(3, 2, "UP"), None),
    ("1.005", Precision(16, 2, "UP"), "1.01"),
]


@pytest.mark.parametrize("text, precision, expected", ROUNDED)
def test_the_app_says_how_numbers_are_rounded(text: str, precision: Precision, expected: str | None) -> None:
    assert value(text, precision) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize("wrong", [(0, 0, "UP"), (4, 4, "UP"), (16, -1, "UP"), (101, 4, "UP"), (16, 4, "NEAREST")])
def test_a_precision_that_no_number_fits_is_refused(wrong: t.Any) -> None:
    with pytest.raises(ValueError, match="no such precision"):
        Precision(*wrong)


COMPARISONS = [
    ("1=1", True),
    ("1=1.0", True),
    ("1!=2", True),
    ("1<>2", True),
    ("1<>1", False),
    ("1<2", True),
    ("2<=2", True),
    ("2>2", False),
    ("3>=2", True),
    ("1+1=2", True),
    ('"a"="a"', True),
    ('"a"="A"', False),
    ('"a"&"b"="ab"', True),
    ('1="1"', False),
    ('1!="1"', True),
    ('t="abc"', True),
    ('名前="山田"', True),
    ('none=""', True),
    ('""=none', True),
    ("none=0", True),
    ("none<1", True),
    ("none=none", True),
    ('zero=""', False),
    ('zero!=""', True),
    ('blank=""', True),
    ('t=""', False),
    ('none="x"', False),
    ("yes=1", True),
    ("yes=no", False),
    ("(1<2)=(2<3)", True),
    ('d="2022-08-25"', False),
    ('d=""', False),
    ("d=d", True),
    ("leap<d", True),
    ("none<d", True),
    ("d=1661385600", True),
    ("at<d", True),
    ("clock=34200", True),
    ("clock>=9*3600", True),
    ("t<1", None),
    ("risks=1", None),
    ("1/0=1", None),
]


@pytest.mark.parametrize("text, expected", COMPARISONS)
def test_comparisons_never_take_different_kinds_for_equal(text: str, expected: bool | None) -> None:
    assert value(text) is expected


JOINED = [
    ('"a"&"b"', "ab"),
    ("1&2", "12"),
    ("1+1&2+2", "24"),
    ('n&"個"', "7個"),
    ("1.50&none&blank", "1.5"),
    ("none&none", None),
    ('""', None),
    ("10/3&t", "3.3333abc"),
    ("yes&no", "10"),
    ('d&""', "2022-08-25"),
    ('at&""', "2022-08-25 08:30"),
    ('clock&""', "09:30"),
    ('"say ""hi"""', 'say "hi"'),
    (r'"say \"hi\""', 'say "hi"'),
    (r'"C:\\x\y"', r"C:\x\y"),
    ('"{0.__class__} %(x)s {{7*7}}"', "{0.__class__} %(x)s {{7*7}}"),
    ('"（全角）＋"', "（全角）＋"),
    ('"a\nb"', "a\nb"),
    ("huge*10&t", None),
    ("1/0&t", None),
]


@pytest.mark.parametrize("text, expected", JOINED)
def test_texts_are_joined(text: str, expected: str | None) -> None:
    assert value(text) == expected


FUNCTIONS = [
    # SUM, COUNT, MIN, MAX over values and columns
    ("SUM(1)", Decimal(1)),
    ("SUM(1,2,3.5)", Decimal("6.5")),
    ("SUM(prices)", Decimal("150.5")),
    ("SUM(prices,n,none)", Decimal("157.5")),
    ("SUM(no_rows)", Decimal(0)),
    ("SUM(labels)", None),
    ("SUM(clock,clock)", Decimal(68400)),
    ("SUM(1/0,1)", None),
    ("COUNT(prices)", Decimal(2)),
    ("COUNT(labels)", Decimal(2)),
    ("COUNT(no_rows)", Decimal(0)),
    ("COUNT(n,none,t,blank,d)", Decimal(3)),
    ("COUNT(zero,no)", Decimal(2)),
    ("MIN(3,1,2)", Decimal(1)),
    ("MAX(3,1,2)", Decimal(3)),
    ("MIN(prices)", Decimal("50.5")),
    ("MAX(prices,200)", Decimal(200)),
    ("MIN(none,5)", Decimal(5)),
    ("MIN(none)", None),
    ("MAX(no_rows)", None),
    ("MIN(dates)", dt.date(2022, 7, 1)),
    ("MAX(dates,d)", dt.date(2022, 8, 25)),
    ("MAX(labels)", None),
    # IF and its kin
    ('IF(1<2,"yes","no")', "yes"),
    ('IF(1>2,"yes","no")', "no"),
    ('IF(n,"yes","no")', "yes"),
    ('IF(none,"yes","no")', "no"),
    ('IF(zero,"yes","no")', "no"),
    ('IF(t,"yes","no")', None),
    ('IF(d,"yes","no")', None),
    ("IF(none=0,0,n/none)", Decimal(0)),
    ('IF(1>2,5,"")', None),
    ('IF(1>2,5,"")+1', Decimal(1)),
    ("IF(1/0=1,1,2)", None),
    ('if(1<2,"lower case","")', "lower case"),
    ('IFS(n>10,"a",n>5,"b","c")', "b"),
    ('IFS(n>10,"a",n>8,"b","c")', "c"),
    ('IFS(n>5,"a",1/0,"b","c")', "a"),
    ('IFS(n<5,"a",1/0,"b","c")', None),
    ("AND(1<2,2<3)", True),
    ("AND(1<2,3<2)", False),
    ("AND(yes)", True),
    ("AND(1>2,1/0)", False),
    ("AND(1<2,1/0)", None),
    ("OR(1>2,2<3)", True),
    ("OR(no,none,zero)", False),
    ("OR(yes,1/0)", True),
    ("NOT(yes)", False),
    ("NOT(none)", True),
    ("NOT(t)", None),
    ("AND(yes,n>1)+1", Decimal(2)),
    # rounding
    ("ROUND(1.5)", Decimal(2)),
    ("ROUND(2.5)", Decimal(3)),
    ("ROUND(-2.5)", Decimal(-3)),
    ("ROUND(21.456,1)", Decimal("21.5")),
    ("ROUND(21.456,2)", Decimal("21.46")),
    ("ROUND(21.456,9)", Decimal("21.456")),
    ("ROUND(155,-1)", Decimal(160)),
    ("ROUND(155,-3)", Decimal(0)),
    ("ROUND(555,-3)", Decimal(1000)),
    ("ROUND(1.25,1.9)", Decimal("1.3")),
    ("ROUND(none,1)", Decimal(0)),
    ("ROUND(t,1)", None),
    ("ROUND(1,101)", None),
    ("ROUND(1,-101)", None),
    ("ROUNDUP(21.41,1)", Decimal("21.5")),
    ("ROUNDUP(-1.23,0)", Decimal(-2)),
    ("ROUNDUP(111,-2)", Decimal(200)),
    ("ROUNDUP(2)", Decimal(2)),
    ("ROUNDDOWN(21.49,1)", Decimal("21.4")),
    ("ROUNDDOWN(-1.23,0)", Decimal(-1)),
    ("ROUNDDOWN(47,-1)", Decimal(40)),
    # texts
    ("YEN(1132.85,1)", "¥1,132.9"),
    ("YEN(1132.85,0)", "¥1,133"),
    ("YEN(1135,-1)", "¥1,140"),
    ("YEN(-1132.85,0)", "-¥1,133"),
    ("YEN(5,2)", "¥5.00"),
    ("YEN(none,0)", "¥0"),
    ("YEN(123456789012.3456,4)", "¥123,456,789,012.3456"),
    ("YEN(huge*10,0)", None),
    ("YEN(t,0)", None),
    ("TEXT(1.50)", "1.5"),
    ("TEXT(risks)", "COPD, 糖尿病"),
    ("TEXT(none)", None),
    ("TEXT(d)", "2022-08-25"),
    ("LEN(t)", Decimal(3)),
    ("LEN(名前)", Decimal(2)),
    ("LEN(none)", Decimal(0)),
    ("LEN(12.50)", Decimal(4)),
    ('LEN("👩‍⚕️")', Decimal(4)),
    # choices
    ('CONTAINS(risks,"COPD")', True),
    ('CONTAINS(risks,"COP")', False),
    ('CONTAINS(nothing,"COPD")', False),
    ('CONTAINS(none,"COPD")', False),
    ('CONTAINS(labels,"b")', True),
    ('CONTAINS(labels,"c")', False),
    ('CONTAINS(choice_rows,"z")', True),
    ('CONTAINS(choice_rows,"q")', False),
    ('CONTAINS(t,"abc")', True),
    ("COUNT_CHOICES(risks)", Decimal(2)),
    ("COUNT_CHOICES(nothing)", Decimal(0)),
    ("COUNT_CHOICES(none)", Decimal(0)),
    ("COUNT_CHOICES(choice_rows)", Decimal(3)),
    ("COUNT_CHOICES(labels)", Decimal(2)),
    ("COUNT_CHOICES(t)", Decimal(1)),
    # emptiness
    ("IS_EMPTY(none)", True),
    ("IS_EMPTY(blank)", True),
    ("IS_EMPTY(zero)", False),
    ("IS_EMPTY(no)", False),
    ("IS_EMPTY(t)", False),
    ("IS_EMPTY(nothing)", True),
    ("IS_EMPTY(risks)", False),
    ("IS_EMPTY(prices)", False),
    ("IS_EMPTY(no_rows)", True),
    ("IS_EMPTY(1/0)", True),
    ("IS_EMPTY((9^100)^100)", True),
]


@pytest.mark.parametrize("text, expected", FUNCTIONS)
def test_functions(text: str, expected: Value) -> None:
    result = value(text)
    assert result == expected
    assert type(result) is type(expected)


def day(year: int, month: int, day: int) -> dt.date:
    return dt.date(year, month, day)


SPANS = [
    # from, to, full years, full months, days
    (day(2000, 5, 1), day(2022, 5, 1), 22, 264, 8035),
    (day(2000, 5, 1), day(2022, 4, 30), 21, 263, 8034),
    (day(2000, 5, 1), day(2000, 5, 1), 0, 0, 0),
    (day(2000, 2, 29), day(2021, 2, 28), 20, 251, 7670),
    (day(2000, 2, 29), day(2021, 3, 1), 21, 252, 7671),
    (day(2000, 2, 29), day(2024, 2, 29), 24, 288, 8766),
    (day(2022, 1, 31), day(2022, 2, 28), 0, 0, 28),
    (day(2022, 1, 31), day(2022, 3, 1), 0, 1, 29),
    (day(2022, 5, 1), day(2000, 5, 1), -22, -264, -8035),
    (day(2022, 5, 1), day(2022, 4, 30), 0, 0, -1),
    (day(1868, 1, 1), day(2022, 12, 31), 154, 1859, 56612),
    (day(1, 1, 1), day(9999, 12, 31), 9998, 119987, 3652058),
]


@pytest.mark.parametrize("start, end, years, months, days", SPANS)
def test_spans_count_full_units(start: dt.date, end: dt.date, years: int, months: int, days: int) -> None:
    record = {"a": start, "b": end}
    assert value("YEARS(a,b)", **record) == years
    assert value("MONTHS(a,b)", **record) == months
    assert value("DAYS(a,b)", **record) == days


DATES = [
    ("ADD_DAYS(d,7)", day(2022, 9, 1)),
    ("ADD_DAYS(d,-25)", day(2022, 7, 31)),
    ("ADD_DAYS(d,1.9)", day(2022, 8, 26)),
    ("ADD_DAYS(d,none)", day(2022, 8, 25)),
    ("ADD_DAYS(none,7)", None),
    ("ADD_DAYS(at,0)", day(2022, 8, 25)),
    ("ADD_DAYS(d+86400,1)", day(2022, 8, 27)),
    ("ADD_DAYS(d,9999999)", None),
    ("ADD_DAYS(d,3000000)", None),
    ("ADD_DAYS(t,1)", None),
    ("ADD_DAYS(clock,1)", None),
    ("DAYS(at,d)", Decimal(0)),
    ("DAYS(none,d)", None),
    ("DAYS(d,none)", None),
    ("YEARS(none,d)>=65", False),
    ("d", day(2022, 8, 25)),
    ("clock", dt.time(9, 30)),
    ("at", dt.datetime(2022, 8, 24, 23, 30, tzinfo=dt.UTC)),
    ("d+0", Decimal(1661385600)),
    ("d-leap", Decimal(709603200)),
    ("(d-leap)/86400", Decimal(8213)),
    ("clock/3600", Decimal("9.5")),
    ("at+0", Decimal(1661383800)),
    ("at-d", Decimal(-1800)),
    ("d<at+3600", True),
]


@pytest.mark.parametrize("text, expected", DATES)
def test_dates_are_seconds_in_arithmetic_and_days_in_our_functions(text: str, expected: Value) -> None:
    assert value(text) == expected


WRITTEN = [
    ('DATE_FORMAT(d,"YYYY-MM-dd","Etc/GMT")', "2022-08-25"),
    ('DATE_FORMAT(d,"yyyy/M/d","Etc/GMT")', "2022/8/25"),
    ('DATE_FORMAT(d,"YYYY年MM月dd日","Etc/GMT")', "2022年08月25日"),
    ('DATE_FORMAT(d,"YY MMM MMMM E EEEE","Etc/GMT")', "22 Aug August Thu Thursday"),
    ('DATE_FORMAT(d,"D e","Etc/GMT")', "237 4"),
    ('DATE_FORMAT(d,"YYYY-MM-dd HH:mm","America/New_York")', "2022-08-24 20:00"),
    ('DATE_FORMAT(at,"YYYY-MM-dd HH:mm:ss","Asia/Tokyo")', "2022-08-25 08:30:00"),
    ('DATE_FORMAT(at,"HH:mm","system")', "08:30"),
    ('DATE_FORMAT(at,"HH:mm")', "08:30"),
    ('DATE_FORMAT(at,"HH:mm","Etc/GMT")', "23:30"),
    ('DATE_FORMAT(at,"h:mm a K k","Etc/GMT")', "11:30 PM 11 23"),
    ('DATE_FORMAT(0,"h:mm a K k HH","Etc/GMT")', "12:00 AM 0 24 00"),
    ('DATE_FORMAT(at,"Z ZZ ZZZ","Asia/Tokyo")', "+0900 +09:00 Asia/Tokyo"),
    ('DATE_FORMAT(clock,"H:mm","Etc/GMT")', "9:30"),
    ('DATE_FORMAT(clock,"H:mm","Asia/Tokyo")', "18:30"),
    ('DATE_FORMAT(d+86400*7,"MM/dd","Etc/GMT")', "09/01"),
    ("DATE_FORMAT(d,\"'date' d ''\",\"Etc/GMT\")", "date 25 '"),
    ("DATE_FORMAT(d,\"'it''s' d\",\"Etc/GMT\")", "it's 25"),
    ('DATE_FORMAT(d,"","Etc/GMT")', None),
    ('DATE_FORMAT(none,"YYYY","Etc/GMT")', None),
    ('DATE_FORMAT(-30610224000,"YYYY-MM-dd","Etc/GMT")', "1000-01-01"),
    ('DATE_FORMAT(253402300799,"YYYY-MM-dd HH:mm:ss","Etc/GMT")', "9999-12-31 23:59:59"),
    ('DATE_FORMAT(253402300799,"YYYY","Asia/Tokyo")', None),
    ('DATE_FORMAT(253402300800,"YYYY","Etc/GMT")', None),
    ('DATE_FORMAT(t,"YYYY","Etc/GMT")', None),
    ('DATE_FORMAT(d,t&"x","Etc/GMT")', None),
    ('DATE_FORMAT(d,"YYYY","Mars/"&t)', None),
]


@pytest.mark.parametrize("text, expected", WRITTEN)
def test_date_format(text: str, expected: str | None) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text, code",
    [
        ("n+1", None),
        ("none", None),
        ("1/zero", "formula.fault.division"),
        ("0^-1", "formula.fault.division"),
        ("2^101", "formula.fault.range"),
        ("huge*huge", "formula.fault.precision"),
        ("(9^100)^100", "formula.fault.precision"),
        ("t+1", "formula.fault.conversion"),
        ("risks", "formula.fault.conversion"),
        ('DATE_FORMAT(d,"YYYY",t)', "formula.fault.zone"),
        ('DATE_FORMAT(d,t,"system")', "formula.fault.date_format"),
        ("NO_SUCH(1)", "formula.fault.function"),
        ("IF(1)", "formula.fault.function"),
        ('IFS(yes,1,no,2)', "formula.fault.function"),
    ],
)  # fmt: skip
def test_a_missing_result_can_be_explained(text: str, code: str | None) -> None:
    problem = parse(text).explain(RECORD, zone=TOKYO)
    assert (problem and problem.code) == code


def test_values_may_come_from_a_function_and_only_those_needed_are_asked_for() -> None:
    asked: list[str] = []

    def get(code: str) -> Value:
        asked.append(code)
        return Decimal(1)

    assert parse("IF(a=1, b, c)").evaluate(get, zone=TOKYO) == 1
    assert asked == ["a", "b"]


def test_a_datetime_without_a_zone_is_taken_as_utc() -> None:
    assert value('at&""', at=dt.datetime(2022, 8, 24, 23, 30)) == "2022-08-25 08:30"


def test_values_of_other_types_are_no_error() -> None:
    assert value("a+1", a=3) == 4
    assert value('a&"x"', a=3) == "3x"
    for alien in (1.5, b"bytes", object(), {"a": 1}):
        assert [value(text, a=alien) for text in ('a&""', "a+1", "a=1", "IF(a,1,2)", "YEARS(a,a)")] == [None] * 5


def test_numbers_that_are_none_have_no_result() -> None:
    for text in ("NaN", "sNaN", "Infinity", "-Infinity", "1E+5000", "1E+999999"):
        for formula in ("a", "a+1", "-a", "a*0.1", "a/3", 'a&""', "a<1", "ROUND(a,1)", "YEN(a,0)", "MAX(a,1)", "a^2"):
            result = value(formula, a=Decimal(text))
            assert result is None or isinstance(result, bool | Decimal)


def test_a_text_longer_than_any_field_is_no_result() -> None:
    long = "x" * 65_536
    assert value("a", a=long) == long
    assert value('a&""', a=long) == long
    assert value('a&"x"', a=long) is None
    assert value("&".join(["a"] * 900), a=long) is None
