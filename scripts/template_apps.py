"""The shipped templates, all but their fields: names, formulas, hints, views, related lists and processes.

The fields are tables in ``scripts/templates/``. What the query language cannot say yet is expressed as near as
possible and marked with a comment beside the view.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class View:
    """One saved list: columns separated by spaces, filter and sort in the query language."""

    name: str
    english: str
    columns: str
    filter: str = ""
    sort: str = ""
    date: str = ""
    title: str = ""


@dataclass(frozen=True)
class Related:
    """A list of related records at the end of the form."""

    code: str
    label: str
    english: str
    app: str
    own: str
    other: str
    columns: str
    sort: str = ""


@dataclass(frozen=True)
class App:
    """Everything about one template that is not in its table of fields."""

    code: str
    name: str
    english: str
    description: str
    icon: str
    hue: str
    title: str
    blocks: Mapping[str, tuple[str, str, str]]
    """Block of the table → code, label and English label of its group."""
    formulas: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)
    spans: Mapping[str, int] = field(default_factory=dict)
    views: Sequence[View] = ()
    related: Sequence[Related] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    """State of the process → hue."""
    actions: Sequence[tuple[str, str, str, str, str]] = ()
    """Name, English name, from, to, condition."""
    closed_blocks: frozenset[str] = frozenset()


# --- 陽性者台帳 ------------------------------------------------------------------------------

IN_CARE = 'care in ("自宅療養", "宿泊療養", "調整中")'
VALID = 'notice_state in ("有効")'

LEDGER = App(
    code="case_ledger",
    name="陽性者台帳",
    english="Case ledger",
    description="陽性者を1人1件（再感染は別の件）で管理します。健康観察・物資申請・医療機関のアプリとつながっています。",
    icon="stethoscope",
    hue="#c2410c",
    title="name",
    blocks={
        "A": ("group_a", "A 受付", "A Intake"),
        "B": ("group_b", "B 本人", "B Person"),
        "C": ("group_c", "C 診断", "C Diagnosis"),
        "D": ("group_d", "D 対応", "D Care"),
        "E": ("group_e", "E 公表", "E Publication"),
        "F": ("group_f", "F 広域", "F Other municipalities"),
    },
    closed_blocks=frozenset({"E", "F"}),
    formulas={
        "age_group": 'IFS(IS_EMPTY(age), "", age < 10, "10歳未満", age >= 90, "90歳以上", ROUNDDOWN(age, -1) & "代")',
        "bmi": 'IF(OR(weight = "", height = ""), "", ROUND(weight / (height / 100) ^ 2, 1))',
        "priority_auto": (
            'IFS(OR(severity = "中等症Ⅰ", severity = "中等症Ⅱ", severity = "重症", '
            'AND(NOT(IS_EMPTY(spo2_dx)), spo2_dx < 94), need_hosp = "有", CONTAINS(risks, "妊娠")), "最優先", '
            'OR(age >= 65, COUNT_CHOICES(risks) >= 2, bmi >= 30, AND(NOT(IS_EMPTY(age)), age < 1)), "優先", '
            'OR(COUNT_CHOICES(risks) = 1, age >= 50), "通常", "SMSのみ")'
        ),
    },
    hints={
        "case_no": "自動で付きます。取り下げた番号は欠番です。",
        "hersys_id": "6～10桁の数字",
        "notice_file": "PDF・TIFF・JPEG",
        "clinic": "医療機関・施設の名称で探します。",
        "limited_class": "2022年9月26日以降の届出",
        "kana": "全角カタカナ",
        "name_alt": "外国籍の方の通称やローマ字の氏名",
        "birth": "「S55.3.9」「昭和55年3月9日」も入力できます。",
        "age": "生年月日と診断日から計算した満年齢",
        "age_month": "0歳のときだけ",
        "tel1": "ハイフンや全角はそのままで探せます。",
        "emergency": "氏名・続柄・電話番号",
        "stay_addr": "自宅でないとき",
        "household": "同じ世帯に同じ値を入れます。ふつうは電話番号1です。",
        "spo2_dx": "50～100",
        "temp_dx": "33.0～43.0",
        "diagnosis_date": "発病日より30日以上前や未来の日付でないことを確かめてください。",
        "priority": "自動の優先度を確かめて選びます。",
        "care_start": "発病日。無症状のときは検体採取日",
        "care_end_plan": "有症状は療養開始日から10日、無症状は7日（2022年9月7日から有症状は7日）",
        "kit_negative": "2022年9月7日以降",
        "obs_url": "回答フォームの公開後に使えます。",
        "notes": "追記だけにしてください。",
        "press_area": "ふつうは行政区",
        "share_to": "広域で使うとき",
    },
    spans={
        "name": 4,
        "kana": 4,
        "name_alt": 4,
        "case_class": 4,
        "addr1": 5,
        "zip": 2,
        "pref": 2,
        "city": 3,
        "age_group": 2,
        "age": 2,
        "age_month": 2,
        "email": 4,
        "symptoms_note": 12,
        "stay_addr": 6,
        "emergency": 6,
        "doctor": 3,
        "hersys_id": 3,
        "press_no": 3,
        "clinic_code": 3,
        "asympt": 3,
        "vax_count": 3,
        "priority_auto": 3,
        "press_area": 4,
        "press_note": 6,
        "risk_note": 6,
        "intake_no": 3,
        "import_no": 3,
        "missed_days": 3,
        "last_temp": 3,
    },
    views=(
        View(
            "全件",
            "All",
            "case_no name kana age sex ward diagnosis_date severity care last_flag staff",
            VALID,
            "notice_at desc",
        ),
        View(
            "本日受理",
            "Received today",
            "case_no name age ward clinic intake_route priority_auto first_call",
            "notice_at = TODAY()",
            "priority_auto asc, notice_at asc",
        ),
        View(
            "初回連絡待ち",
            "Waiting for the first call",
            "case_no name age ward tel1 risks severity priority first_call notice_at",
            f'first_call in ("未着手", "不通1回", "不通2回") and {VALID}',
            "priority asc, notice_at asc",
        ),
        # "From 08:30 on" cannot be said: who has not answered is listed from the start of the day. The words 赤, 黄
        # and 緑 sort by code point: descending gives 黄, 赤, 緑, so that those who are well come last.
        View(
            "本日の架電対象",
            "To be called today",
            "case_no name age ward tel1 obs_today last_flag last_temp last_spo2 missed_days alerts next_call staff",
            f'{IN_CARE} and (obs_today in ("回答済（要確認）", "未回答") or obs_method in ("電話") or '
            'next_call = TODAY()) and obs_today not in ("電話済")',
            "last_flag desc, age desc",
        ),
        View(
            "未回答者",
            "Not answered",
            "case_no name age ward tel1 obs_method missed_days last_obs",
            'obs_today in ("未回答")',
            "missed_days desc, age desc",
        ),
        View(
            "体調不良者",
            "Unwell",
            "case_no name age ward last_temp last_spo2 last_flag last_obs staff",
            f'last_flag in ("赤", "黄") and {IN_CARE}',
            "last_flag asc, last_obs desc",
        ),
        # Of the course only the whole table can be shown, not its last row.
        View(
            "入院調整中",
            "Hospital being arranged",
            "case_no name age severity spo2_dx last_spo2 risks ward notes",
            'care in ("調整中") and need_hosp in ("有")',
            "severity desc, last_spo2 asc",
        ),
        View(
            "宿泊調整中",
            "Hotel being arranged",
            "case_no name age ward family alerts",
            'care in ("調整中") and need_hosp not in ("有")',
            "notice_at asc",
        ),
        View(
            "自宅療養中",
            "Home care",
            "case_no name age ward care_start care_end_plan last_flag oximeter",
            'care in ("自宅療養")',
            "care_end_plan asc",
        ),
        View(
            "本日解除予定",
            "To be ended today",
            "case_no name ward care_end_plan last_flag last_temp end_told",
            'care_end_plan <= TODAY() and care not in ("解除", "死亡", "入院")',
            "ward asc",
        ),
        View(
            "私の担当",
            "My cases",
            "case_no name last_flag next_call",
            'staff in (LOGINUSER()) and care not in ("解除", "死亡")',
            "next_call asc",
        ),
        View(
            "自区",
            "My ward",
            "case_no name kana age sex ward diagnosis_date severity care last_flag staff",
            'ward in (MYWARD()) and care not in ("解除", "死亡")',
            "last_flag asc",
        ),
        # Lists have no groups yet: sorting keeps a household together.
        View(
            "世帯別", "By household", "household case_no name age care", 'household != ""', "household asc, case_no asc"
        ),
        # There is no duplicate finder yet: sorting by kana and birth puts the same person's records side by side.
        View(
            "重複候補",
            "Possible duplicates",
            "kana birth tel1 case_no notice_at",
            f'kana != "" and birth != "" and {VALID}',
            "kana asc, birth asc, notice_at asc",
        ),
        View(
            "公表待ち",
            "To be published",
            "case_no age_group sex press_area job severity onset diagnosis_date press_ok",
            f'press_date = "" and {VALID}',
            "notice_at asc",
        ),
        View("カレンダー（解除予定）", "Calendar of ends", "", 'care in ("自宅療養")', "", "care_end_plan", "name"),
    ),
    related=(
        Related(
            "rel_observation",
            "健康観察記録",
            "Observations",
            "observation",
            "case_no",
            "case_no",
            "observed_at method temp spo2 overall flag_result action_state",
            "observed_at desc",
        ),
        Related(
            "rel_survey",
            "積極的疫学調査票",
            "Surveys",
            "epi_survey",
            "case_no",
            "case_no",
            "surveyed_at surveyor depth state",
            "surveyed_at desc",
        ),
        Related(
            "rel_contact",
            "濃厚接触者",
            "Contacts",
            "contact",
            "case_no",
            "case_no",
            "contact_no name kind last_contact judge state",
            "last_contact desc",
        ),
        Related(
            "rel_test", "検査", "Tests", "test", "case_no", "case_no", "test_no reason slot method result", "slot desc"
        ),
        Related(
            "rel_placement",
            "入院・宿泊療養調整",
            "Placements",
            "placement",
            "case_no",
            "case_no",
            "placement_no kind asked_at urgency state facility",
            "asked_at desc",
        ),
        Related(
            "rel_loan",
            "パルスオキシメーター貸出",
            "Oximeter loans",
            "oximeter_loan",
            "case_no",
            "case_no",
            "loan_no device_no asked_at state due_on",
            "asked_at desc",
        ),
        Related(
            "rel_supply",
            "生活支援物資申請",
            "Supply requests",
            "supply_request",
            "case_no",
            "case_no",
            "request_no applied_at channel sets boxes state",
            "applied_at desc",
        ),
        Related(
            "rel_certificate",
            "療養証明書",
            "Certificates",
            "certificate",
            "case_no",
            "case_no",
            "cert_req_no applied_at state issued_on",
            "applied_at desc",
        ),
        Related(
            "rel_consultation",
            "相談",
            "Consultations",
            "consultation",
            "case_no",
            "case_no",
            "consult_no at desk kind answer",
            "at desc",
        ),
        Related(
            "rel_vaccination",
            "ワクチン接種",
            "Vaccinations",
            "vaccination",
            "resident_no",
            "resident_no",
            "vax_key dose given_on maker",
            "given_on desc",
        ),
        # A list of related records joins by one field: the record itself is listed too, and birth is not compared.
        Related(
            "rel_household",
            "同じ世帯",
            "Same household",
            "case_ledger",
            "household",
            "household",
            "case_no name age care last_flag",
            "case_no desc",
        ),
        Related(
            "rel_episodes",
            "同じフリガナの記録",
            "Records with the same kana",
            "case_ledger",
            "kana",
            "kana",
            "case_no name birth diagnosis_date care",
            "diagnosis_date desc",
        ),
    ),
    states={
        "受理": "blue",
        "確認済": "cyan",
        "初回連絡中": "orange",
        "調整中": "yellow",
        "療養中": "purple",
        "解除待ち": "yellow",
        "解除": "green",
        "取り下げ": "grey",
        "移管": "grey",
        "死亡": "grey",
    },
    actions=(
        (
            "内容確認",
            "Check",
            "受理",
            "確認済",
            'name != "" and tel1 != "" and ward not in ("") and diagnosis_date != ""',
        ),
        ("初回連絡", "Call", "確認済", "初回連絡中", ""),
        ("療養先決定", "Place decided", "初回連絡中", "療養中", 'care not in ("調整中") and care_start != ""'),
        ("入院・宿泊へ", "To hospital or hotel", "初回連絡中", "調整中", ""),
        ("入院・入所", "Moved in", "調整中", "療養中", ""),
        ("解除判定", "Propose the end", "療養中", "解除待ち", 'care_end_plan < TODAY() and last_flag in ("緑")'),
        ("解除", "End", "解除待ち", "解除", 'care_end != ""'),
        ("延長", "Extend", "解除待ち", "療養中", ""),
        *(
            (name, english, state, end, condition)
            for name, english, end, condition in (
                ("取り下げ", "Withdraw", "取り下げ", ""),
                ("移管", "Hand over", "移管", ""),
                ("死亡", "Died", "死亡", 'death_date != ""'),
            )
            for state in ("受理", "確認済", "初回連絡中", "調整中", "療養中", "解除待ち")
        ),
    ),
)


# --- 健康観察記録 ----------------------------------------------------------------------------

RED_DANGER = 'AND(COUNT_CHOICES(danger) > 0, NOT(CONTAINS(danger, "なし")))'
RED_SPO2 = "AND(NOT(IS_EMPTY(spo2)), spo2 <= 93)"
RED_WATER = 'CONTAINS(symptoms, "水分がとれない")'
YELLOW_SPO2 = "AND(spo2 >= 94, spo2 <= 95)"
YELLOW_FEVER = "AND(temp >= 38.5, DAYS(onset, obs_date) >= 4)"
YELLOW_WORSE = 'overall = "悪くなった"'
YELLOW_CALL = 'CONTAINS(request, "電話がほしい")'
YELLOW_DOCTOR = 'CONTAINS(request, "受診したい")'
YELLOW_OLD = "AND(age >= 65, temp >= 37.5)"

OBSERVATION = App(
    code="observation",
    name="健康観察記録",
    english="Observation log",
    description="療養中の方の毎日の健康観察です。保存すると、陽性者台帳の最終体温・最終判定などがその場で変わります。",
    icon="thermometer",
    hue="#0066be",
    title="name",
    blocks={
        "対象": ("group_target", "対象", "Person"),
        "観察": ("group_observation", "観察", "Observation"),
        "判定": ("group_judgement", "判定", "Judgement"),
        "対応": ("group_action", "対応", "Action"),
        "入力": ("group_entry", "入力", "Entry"),
    },
    closed_blocks=frozenset({"入力"}),
    formulas={
        "obs_date": "ADD_DAYS(observed_at, 0)",
        "flag_auto": (
            f'IFS(OR({RED_DANGER}, {RED_SPO2}, {RED_WATER}), "赤", '
            f'OR({YELLOW_SPO2}, {YELLOW_FEVER}, {YELLOW_WORSE}, {YELLOW_CALL}, {YELLOW_DOCTOR}, {YELLOW_OLD}), "黄", '
            '"緑")'
        ),
        "flag_result": 'IF(flag = "", flag_auto, flag)',
        "flag_reason": (
            f'IFS({RED_DANGER}, "緊急症状", {RED_SPO2}, "SpO2 93以下", {RED_WATER}, "水分がとれない", '
            f'{YELLOW_SPO2}, "SpO2 94～95", {YELLOW_FEVER}, "発病4日目以降の38.5℃以上", '
            f'{YELLOW_WORSE}, "体調が悪くなった", {YELLOW_CALL}, "電話がほしい", {YELLOW_DOCTOR}, "受診したい", '
            f'{YELLOW_OLD}, "65歳以上の37.5℃以上", "")'
        ),
    },
    hints={
        "case_no": "陽性者台帳から選びます。氏名などは自動で入ります。",
        "temp": "33.0～43.0。「３７．５」でも入力できます。",
        "spo2": "50～100。機器がなければ空欄のまま",
        "photo": "パルスオキシメーターの画面など",
        "free_text": "400文字まで",
        "flag": "変えるときだけ選びます。空欄なら自動判定のとおりです。",
        "next_call": "台帳の次回架電日時にも入れてください。",
    },
    spans={
        "age_group": 2,
        "case_no": 3,
        "contact_no": 3,
        "temp": 3,
        "spo2": 3,
        "pulse": 3,
        "flag_auto": 2,
        "flag": 3,
        "flag_result": 2,
        "flag_reason": 5,
        "method": 3,
        "danger": 12,
        "symptoms": 12,
        "seq": 3,
    },
    views=(
        View(
            "本日の回答",
            "Today's answers",
            "observed_at case_no name age_group ward method temp spo2 overall flag_result action_state",
            "obs_date = TODAY()",
            "observed_at desc",
        ),
        View(
            "本日 赤・黄",
            "Today, red and yellow",
            "flag_result observed_at case_no name age_group ward tel1 temp spo2 flag_reason action_state",
            'obs_date = TODAY() and flag_result in ("赤", "黄")',
            "flag_result asc, observed_at desc",
        ),
        View(
            "要架電",
            "To be called",
            "flag_result observed_at case_no name age_group ward tel1 flag_reason request next_call",
            'action_state in ("要架電")',
            "flag_result asc, observed_at asc",
        ),
        View(
            "私の架電",
            "My calls",
            "observed_at case_no name tel1 flag_result action_state call_result next_call",
            "called_by in (LOGINUSER())",
            "observed_at desc",
        ),
        View(
            "電話で確認済（本日）",
            "Confirmed by phone today",
            "call_to case_no name ward flag_result call_result action_note",
            'obs_date = TODAY() and (method in ("電話") or call_result in ("通話", "家族が応答"))',
            "observed_at desc",
        ),
        View(
            "症例別経過",
            "Course by case",
            "case_no name observed_at temp spo2 pulse overall symptoms flag_result",
            'case_no != ""',
            "case_no asc, observed_at asc",
        ),
        # Hours of the day cannot be asked for: today's and yesterday's answers, in order of time.
        View(
            "夜間回答",
            "Answers at night",
            "observed_at case_no name ward tel1 temp spo2 flag_result action_state",
            "observed_at >= YESTERDAY() and observed_at <= TODAY()",
            "observed_at desc",
        ),
        View(
            "期間抽出",
            "A span of days",
            "obs_date observed_at case_no name ward method temp spo2 flag_result action_state",
            "obs_date >= FROM_TODAY(-7, DAYS)",
            "observed_at desc",
        ),
        View(
            "すべて",
            "All",
            "observed_at case_no name age_group ward method temp spo2 flag_result action_state",
            "",
            "observed_at desc",
        ),
    ),
)


# --- 生活支援物資申請 ------------------------------------------------------------------------

SUPPLY = App(
    code="supply_request",
    name="生活支援物資申請",
    english="Supply requests",
    description="自宅療養中の世帯からの食料品・日用品の申請と発送です。1世帯1回が原則です。17時以降の申請は翌日の受付になります。",
    icon="truck",
    hue="#197a4b",
    title="applicant",
    blocks={
        "申請": ("group_request", "申請", "Request"),
        "配送": ("group_delivery", "配送", "Delivery"),
        "世帯": ("group_household", "世帯", "Household"),
        "品目": ("group_items", "品目", "Items"),
        "審査": ("group_review", "審査", "Review"),
        "発送": ("group_shipping", "発送", "Shipping"),
    },
    formulas={"boxes": 'IF(family_n = "", "", IF(family_n >= 3, 2, 1))'},
    hints={
        "case_no": "見つからないときは空欄にして、状態を「要照合」にします。",
        "applied_at": "17時以降は翌日の受付になります。",
        "family_n": "入院・宿泊療養中の方を除いて、自宅にいる人数",
        "care_start": "療養開始から8日以上たった申請はお断りします。",
        "same_house": "同じ電話番号の申請の件数（この申請を含む）。2件以上は重複の疑いです。",
        "boxes": "1～2人は1箱、3人以上は2箱",
        "allergy": "参考にします。品目の入れ替えは約束できません。",
        "tracking": "配送会社の結果を取り込みます。",
    },
    spans={
        "applicant": 4,
        "applicant_kana": 4,
        "email": 4,
        "zip": 2,
        "address": 6,
        "building": 4,
        "boxes": 2,
        "same_house": 3,
        "allergy": 12,
        "request_no": 3,
        "channel": 3,
        "case_no": 3,
        "hersys_in": 4,
        "tracking": 4,
        "list_no": 3,
    },
    views=(
        View(
            "受付（未審査）",
            "Not reviewed",
            "request_no applied_at channel case_no applicant ward family_n sets same_house state",
            'state in ("受付")',
            "applied_at asc",
        ),
        View(
            "要照合",
            "To be matched",
            "request_no applied_at applicant applicant_kana birth tel1 hersys_in address",
            'state in ("要照合")',
            "applied_at asc",
        ),
        View(
            "重複の疑い",
            "Possible duplicates",
            "request_no applied_at applicant tel1 address same_house state",
            'same_house >= 2 and state not in ("却下", "取消")',
            "tel1 asc, applied_at asc",
        ),
        View(
            "本日発送分",
            "To be shipped today",
            "request_no ship_on applicant zip address building tel1 boxes sets drop_place state",
            'state in ("承認") and ship_on = TODAY()',
            "ward asc, request_no asc",
        ),
        View(
            "発送依頼済",
            "Shipping ordered",
            "request_no list_no applicant ward boxes tracking ship_on state",
            'state in ("発送依頼済", "発送済")',
            "ship_on asc, list_no asc",
        ),
        View(
            "不在持戻り",
            "Nobody at home",
            "request_no applicant tel1 address tracking note",
            'state in ("不在持戻り")',
            "ship_on asc",
        ),
        # Lists have no groups yet: sorting keeps a ward together.
        View(
            "区別",
            "By ward",
            "ward request_no applied_at applicant family_n boxes state delivered_on",
            "",
            "ward asc, applied_at desc",
        ),
    ),
)


# --- 医療機関・施設 --------------------------------------------------------------------------

FACILITY = App(
    code="facility",
    name="医療機関・施設",
    english="Clinics and facilities",
    description="医療機関・宿泊療養施設・高齢者施設などの一覧です。台帳の届出医療機関はここから選びます。",
    icon="hospital",
    hue="#6f23d0",
    title="name",
    blocks={
        "基本": ("group_basic", "基本", "Basics"),
        "病床": ("group_beds", "病床", "Beds"),
        "検査": ("group_tests", "検査", "Tests"),
        "観察": ("group_observation", "観察", "Observation"),
        "公開": ("group_public", "公開", "Publication"),
    },
    hints={
        "facility_no": "医療機関コード10桁、または独自の番号",
        "name": "同じ名称の施設には地名を添えて区別します。",
        "fax": "届出のFAX番号と照合します。",
        "beds_free": "施設が毎日入力します。",
        "geo": "緯度,経度",
    },
    spans={
        "facility_no": 3,
        "name": 5,
        "kana": 4,
        "kind": 12,
        "address": 7,
        "zip": 2,
        "beds": 3,
        "beds_icu": 3,
        "beds_used": 3,
        "beds_free": 3,
        "slots": 3,
        "email": 4,
        "fax": 3,
        "accepts": 9,
    },
    views=(
        View("すべて", "All", "facility_no name kind ward tel beds_free", "", "facility_no asc"),
        View(
            "入院受入（空き順）",
            "Hospitals, most free beds first",
            "name ward beds beds_icu beds_used beds_free free_at accepts tel tel_night",
            'kind in ("入院受入")',
            "beds_free desc",
        ),
        View(
            "宿泊施設（空室）",
            "Hotels with free rooms",
            "name ward beds beds_used beds_free free_at accepts tel",
            'kind in ("宿泊療養施設") and beds_free > 0',
            "beds_free desc",
        ),
        View(
            "検査機関",
            "Laboratories",
            "name ward slots hours methods tel",
            'kind in ("検査機関", "診療・検査医療機関")',
            "ward asc, kana asc",
        ),
        # Lists have no groups yet, and several kinds cannot be sorted by: the code keeps each kind's block.
        View("種別別", "By kind", "kind name ward tel contact", "", "facility_no asc"),
        # Hours of the day cannot be asked for: what was not updated today.
        View(
            "更新なし",
            "Not updated",
            "name kind ward beds_free free_at tel contact",
            'kind in ("入院受入", "宿泊療養施設") and (free_at < TODAY() or free_at = "")',
            "free_at asc",
        ),
    ),
)

APPS = (FACILITY, LEDGER, OBSERVATION, SUPPLY)
"""In the order in which demo data are written: what is looked up comes first."""
