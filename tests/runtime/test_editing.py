"""Adding and editing through the real form, without scripts."""

from __future__ import annotations

import threading

import pytest

from tests.runtime.town import Form, Town, Visitor, a_row


@pytest.fixture
def case(town: Town) -> int:
    town.add(town.clinics, clinic="中央病院", phone="03-1111-1111")
    return town.add(
        town.cases,
        no="A-1",
        name="山田 花子",
        age=30,
        state="受付",
        risks=["高血圧"],
        memo="前",
        family=[a_row(who="太郎", years=5), a_row(who="次郎", years=3)],
    )


def edit(visitor: Visitor, town: Town, record: int) -> Form:
    return visitor.get(f"/k/{town.cases}/edit/{record}").form("edit")


def option(form: Form, name: str, label: str) -> str:
    """The value of a choice by its words."""
    control = f"(.//select[@name='{name}']/option | .//label[input[@name='{name}']])[normalize-space()='{label}']"
    found = form.element.xpath(control)[0]
    return str(found.get("value") or found.xpath(".//input/@value")[0])


def test_a_new_record(town: Town, clerk: Visitor, case: int) -> None:
    form = clerk.get(f"/k/{town.cases}/new").form("edit")
    form.set(
        no="A-2",
        name="鈴木 一郎",
        age="４５",
        onset="R8.11.3",
        clinic="中央病院",
        memo="一\r\n二",
        staff="伊藤 健太 (ito)",
    )
    form.set(
        state=option(form, "state", "入院"), risks=[option(form, "risks", "糖尿病"), option(form, "risks", "透析")]
    )
    form.put({"family-0-who": "母", "family-0-years": "70"})
    page = form.send().follow()
    assert page.one("//h1") == "鈴木 一郎"
    assert any("保存しました" in words for words in page.toasts())
    values = page.values()
    assert values["年齢"] == "45 歳"
    assert values["医療機関の電話"] == "03-1111-1111"
    assert "2026" in values["発症日"]
    assert values["年齢の計"] == "70"
    assert values["担当"] == "伊藤 健太"
    record = town.record(town.cases, 2)
    assert record["memo"] == "一\n二"
    assert len(record["risks"]) == 2
    assert [row.values["who"] for row in record["family"]] == ["母"]


def test_mistakes_keep_everything_that_was_typed(town: Town, clerk: Visitor, case: int) -> None:
    form = clerk.get(f"/k/{town.cases}/new").form("edit")
    form.set(no="A-1", age="とても", onset="2月30日", memo="残る").put({"family-0-who": "母", "family-0-years": "x"})
    page = form.send()
    assert page.status == 422
    assert page.title.startswith("エラー：")
    problems = page.problems()
    assert len(problems) == len(set(problems)) >= 4
    for link in page.attributes("//*[contains(@class,'error-summary')]//a", "href"):
        assert page.root.xpath(f"//*[@id='{link[1:]}']"), link
    again = page.form("edit")
    assert (again.get("age"), again.get("onset"), again.get("memo"), again.get("family-0-years")) == (
        "とても",
        "2月30日",
        "残る",
        "x",
    )
    assert town.count(town.cases) == 1
    # Only the database knows that the number is taken; the sentence stands at its field all the same.
    fixed = again.set(name="鈴木", age="1", onset="", no="A-1").put({"family-0-years": "2"}).send()
    assert fixed.status == 422
    assert fixed.problems()[0].startswith("受付番号")
    assert fixed.form("edit").set(no="A-2").send().status == 303


def test_only_what_was_changed_is_written(town: Town, clerk: Visitor, case: int) -> None:
    form = edit(clerk, town, case)
    town.edit(town.cases, case, memo="別の人")
    page = form.set(age="31").send().follow()
    assert (page.values()["年齢"], page.values()["メモ"]) == ("31 歳", "別の人")
    before = town.record(town.cases, case).revision
    edit(clerk, town, case).send()
    assert town.record(town.cases, case).revision == before


def test_clearing_every_kind_of_control(town: Town, clerk: Visitor, case: int) -> None:
    form = edit(clerk, town, case).set(no="", age="", state="", risks=[], memo="", onset="", staff="")
    form.send().follow()
    record = town.record(town.cases, case)
    assert [record[c] for c in ("no", "age", "state", "risks", "memo", "onset", "staff")] == [
        None,
        None,
        None,
        (),
        None,
        None,
        (),
    ]
    assert edit(clerk, town, case).set(name="").send().status == 422


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_a_clash_is_asked_and_settled(town: Town, clerk: Visitor, case: int, choice: str) -> None:
    form = edit(clerk, town, case).set(age="50", memo="私")
    town.edit(town.cases, case, age=40, no="A-9")
    page = form.send()
    assert page.status == 409
    dialog = page.one("//*[@id='conflict']")
    assert "佐藤 美咲" in dialog
    assert all(words in dialog for words in ("30", "40", "50"))
    assert town.record(town.cases, case)["memo"] == "前"
    settle = next(f for f in page.root.iter("form") if f.xpath(".//button[@name='choose']"))
    names = {str(n) for n in settle.xpath(".//input[@type='radio']/@name")}
    assert names == {"choose:age"}
    # Saving without an answer asks again.
    assert Form(page, settle).send(choose="each").status == 409
    Form(page, settle).put({"choose:age": choice}).send(choose="each").follow()
    record = town.record(town.cases, case)
    assert (record["age"], record["memo"], record["no"]) == (50 if choice == "mine" else 40, "私", "A-9")


def test_rows_are_merged_cell_by_cell(town: Town, clerk: Visitor, case: int) -> None:
    first, second = town.record(town.cases, case)["family"]
    form = edit(clerk, town, case).put({"family-0-who": "太郎さん", "family-1-years": "4"})
    town.edit(town.cases, case, family=[a_row(first.id, years=6), a_row(second.id, years=9), a_row(who="三郎")])
    page = form.send()
    assert page.status == 409
    settle = next(f for f in page.root.iter("form") if f.xpath(".//button[@name='choose']"))
    assert settle.xpath(".//input[@type='radio']/@name") == [f"choose:family/{second.id}/years"] * 2
    Form(page, settle).put({f"choose:family/{second.id}/years": "mine"}).send(choose="each").follow()
    rows = [(r.values["who"], r.values["years"]) for r in town.record(town.cases, case)["family"]]
    assert rows == [("太郎さん", 6), ("次郎", 4), ("三郎", None)]


def test_an_order_that_two_changed_is_asked(town: Town, clerk: Visitor, case: int) -> None:
    first, second = town.record(town.cases, case)["family"]
    third = a_row(who="三郎", years=1)
    town.edit(town.cases, case, family=[a_row(first.id), a_row(second.id), third])
    form = edit(clerk, town, case).put({"family-0:place": "2", "family-1:place": "1"})
    ids = [r.id for r in town.record(town.cases, case)["family"]]
    town.edit(town.cases, case, family=[a_row(i) for i in reversed(ids)])
    page = form.send()
    assert page.status == 409
    (line,) = page.all("//*[@id='conflict']//tbody/tr")
    assert line.startswith("同居者 の順番")
    assert all(
        order in line for order in ("太郎/5；次郎/3；三郎/1", "三郎/1；次郎/3；太郎/5", "次郎/3；太郎/5；三郎/1")
    )
    settle = next(f for f in page.root.iter("form") if f.xpath(".//button[@name='choose']"))
    Form(page, settle).put({"choose:family/$order": "mine"}).send(choose="each").follow()
    assert [r.values["who"] for r in town.record(town.cases, case)["family"]] == ["次郎", "太郎", "三郎"]


def test_rows_come_and_go_without_scripts(town: Town, clerk: Visitor, case: int) -> None:
    form = edit(clerk, town, case).set(memo="途中")
    page = form.send(_add_row="family")
    assert page.status == 200
    assert town.record(town.cases, case).revision == 1
    form = page.form("edit")
    assert form.get("memo") == "途中"
    form.put(
        {
            "family-2-who": "三郎",
            "family-2-years": "1",
            "family-0:delete": "1",
            "family-2:place": "1",
            "family-1:place": "2",
        }
    )
    form.send().follow()
    assert [r.values["who"] for r in town.record(town.cases, case)["family"]] == ["三郎", "次郎"]


def test_a_form_sent_twice_makes_one_record(town: Town, clerk: Visitor) -> None:
    form = clerk.get(f"/k/{town.cases}/new").form("edit").set(no="A-5", name="二度")
    first, second = form.send(), form.send()
    assert first.location == second.location
    assert town.count(town.cases) == 1
    # A refused form keeps its key free.
    refused = clerk.get(f"/k/{town.cases}/new").form("edit").set(no="A-6", name="").send()
    assert refused.form("edit").set(name="直した").send().status == 303
    # Another person's form with the same key is another form.
    other = town.visitor("sato")
    theirs = other.get(f"/k/{town.cases}/new").form("edit").set(no="A-7", name="別", once=form.get("once") or "")
    theirs.send()
    assert town.count(town.cases) == 3


def test_a_form_sent_twice_at_once_makes_one_record(town: Town, clerk: Visitor) -> None:
    other = town.visitor("ito")
    key = "the-same-key"
    forms = [v.get(f"/k/{town.cases}/new").form("edit").set(name="同時", once=key) for v in (clerk, other)]
    answers: list[str] = []
    threads = [threading.Thread(target=lambda f=f: answers.append(f.send().location)) for f in forms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
    assert town.count(town.cases) == 1


def test_save_and_next(town: Town, clerk: Visitor) -> None:
    form = clerk.get(f"/k/{town.cases}/new").form("edit").set(name="一人目")
    page = form.send(then="next")
    assert page.location == f"/k/{town.cases}/new"
    assert page.follow().form("edit").get("name") == ""


def test_a_copy_of_a_record(town: Town, clerk: Visitor, case: int) -> None:
    page = clerk.get(f"/k/{town.cases}/show/{case}")
    link = next(a for a in page.attributes("//a", "href") if "copy=" in a)
    form = clerk.get(link).form("edit")
    assert (form.get("name"), form.get("no"), form.get("family-1-who")) == ("山田 花子", "", "次郎")
    form.set(no="A-2").send().follow()
    copied = town.record(town.cases, 2)
    assert [r.values["who"] for r in copied["family"]] == ["太郎", "次郎"]
    assert not {r.id for r in copied["family"]} & {r.id for r in town.record(town.cases, case)["family"]}


def test_calculated_values_of_a_form_in_progress(town: Town, clerk: Visitor, case: int) -> None:
    form = edit(clerk, town, case).put({"family-0-years": "40"})
    answer = clerk.post(f"/k/{town.cases}/calculate", [*form.data, ("record", str(case))], token=False).answer
    assert answer.json == {"values": {"sum": "43"}}
    assert town.record(town.cases, case)["sum"] == 8


def test_pickers(town: Town, clerk: Visitor, case: int) -> None:
    page = clerk.get(f"/k/{town.cases}/edit/{case}")
    assert any("/picker/" in address for address in page.attributes("//*[@data-url]", "data-url"))
    fields = {f.code: f.id for f in town.definition(town.cases).fields}

    def items(code: str, words: str) -> list[dict[str, str]]:
        answer = clerk.get(f"/k/{town.cases}/picker/{fields[code]}", [("q", words)]).answer.get_json()
        return [{k: i[k] for k in ("value", "label", "detail")} for i in answer["items"]]

    assert items("clinic", "中央") == [{"value": "中央病院", "label": "中央病院", "detail": "03-1111-1111"}]
    assert items("clinic", "どこにも") == []
    assert items("staff", "伊藤") == [{"value": "伊藤 健太 (ito)", "label": "伊藤 健太 (ito)", "detail": "ito"}]
    assert items("name", "x") == []
    assert clerk.get(f"/k/{town.cases}/picker/9999").status == 404


def test_a_link_hands_values_to_a_new_record(town: Town, clerk: Visitor) -> None:
    form = clerk.get(
        f"/k/{town.cases}/new", [("v.name", "渡された"), ("v.age", "x"), ("v.sum", "1"), ("back", "//evil.example")]
    ).form("edit")
    assert (form.get("name"), form.get("age")) == ("渡された", "")
    assert form.send().location.startswith(f"/k/{town.cases}/")
