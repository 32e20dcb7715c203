"""Promises about the tree as a whole: languages, strict content policy, locks, commands, pages."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
import typing as t
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lowcode import config, messages

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lowcode"
LOCKS = ("requirements.lock", "requirements-dev.lock")

# Names of XML vocabularies are never fetched; the example domains are nobody's.
HOSTS_NEVER_FETCHED = {"www.w3.org", "localhost", "127.0.0.1", "example.com", "example.org", "example.jp"}
INLINE = {
    "a style attribute": re.compile(r"\sstyle\s*=\s*[\"']"),
    "a style element": re.compile(r"<style\b", re.I),
    "a script without a file": re.compile(r"<script\b(?![^>]*\b(src=|type=[\"']application/(ld\+)?json))[^>]*>", re.I),
    "an event attribute": re.compile(r"<[a-z][^<>]*\son[a-z]+\s*=\s*[\"']", re.I),
    "an htmx event attribute (it needs eval)": re.compile(r"\shx-on[:\s=-]"),
    "a javascript: address": re.compile(r"[\"']\s*javascript:", re.I),
}
COMMANDS = (
    "init",
    "serve",
    "worker",
    "quickstart",
    "user add",
    "user list",
    "user disable",
    "organization add",
    "organization list",
    "group add",
    "group list",
    "template list",
    "template install",
    "template export",
    "template import",
    "template upgrade",
    "app apply",
    "app show",
    "app diff",
    "app rollback",
    "app list",
    "app from-file",
    "token add",
    "records import",
    "records export",
    "records undo",
    "rights explain",
    "search rebuild",
    "demo",
    "backup",
    "restore",
    "verify",
    "doctor",
)
VARIABLES = (
    "LOWCODE_DATA_DIR",
    "LOWCODE_DATABASE_URL",
    "LOWCODE_SECRET_KEY",
    "LOWCODE_BASE_URL",
    "LOWCODE_SMTP_URL",
    "LOWCODE_TIMEZONE",
    "LOWCODE_LOCALE",
    "LOWCODE_FILES_URL",
    "LOWCODE_NOW",
    "LOWCODE_DRILL",
)
TARGETS = (
    *("help", "run", "test", "test-fast", "test-deps", "bench", "bench-load"),
    *("bundle", "lint", "types", "fix", "docs", "lock", "clean"),
)


def files(*patterns: str) -> list[Path]:
    """Our own files below lowcode/; what others wrote lies in vendor/ and is checked by its checksums."""
    return sorted(path for pattern in patterns for path in PACKAGE.glob(pattern) if "vendor" not in path.parts)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- two languages ---------------------------------------------------------------------------


def locale_names() -> list[str]:
    return sorted({path.name for locale in messages.LOCALES for path in (messages.FOLDER / locale).glob("*.toml")})


def sentences(locale: str, name: str) -> Mapping[str, str]:
    path = messages.FOLDER / locale / name
    return dict(messages._flatten(tomllib.loads(path.read_text("utf-8")))) if path.exists() else {}


@pytest.mark.parametrize("name", locale_names())
def test_both_languages_say_the_same_things(name: str) -> None:
    japanese, english = sentences("ja", name), sentences("en", name)
    assert sorted(japanese) == sorted(english)
    parameters = re.compile(r"\{(\w*)")
    differing = [
        code for code in japanese if set(parameters.findall(japanese[code])) != set(parameters.findall(english[code]))
    ]
    assert differing == [], "the sentences name different parameters"


def test_no_sentence_is_written_twice() -> None:
    seen: dict[str, str] = {}
    twice = []
    for name in locale_names():
        for code in sentences("ja", name):
            if code in seen:
                twice.append(f"{code} in {seen[code]} and {name}")
            seen[code] = name
    assert twice == []


def codes_of(source: str) -> Iterator[str]:
    """The codes that a module gives to problems and errors as plain text."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        candidates: list[ast.expr] = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        if name in {"invalid", "NotFound", "Forbidden", "Unauthenticated", "Conflict", "TooLarge", "NotAvailable"}:
            candidates = node.args[:1]
        elif name != "Problem":
            continue
        for value in candidates:
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and "." in value.value:
                yield value.value


def test_every_problem_has_a_sentence() -> None:
    silent = {
        f"{named(path)}: {code}"
        for path in files("**/*.py")
        for code in codes_of(path.read_text("utf-8"))
        if code not in messages.catalog("ja")
    }
    assert sorted(silent) == []


# --- strict content policy -------------------------------------------------------------------


def test_nothing_is_loaded_from_another_host() -> None:
    address = re.compile(r"(?:https?:)?//([a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.I)
    foreign = [
        f"{named(path)}: {host}"
        for path in files("*/templates/**/*.html", "*/static/**/*.js", "*/static/**/*.css", "*/static/**/*.svg")
        for host in address.findall(path.read_text("utf-8"))
        if host.lower() not in HOSTS_NEVER_FETCHED
    ]
    assert foreign == []


@pytest.mark.parametrize("what", INLINE)
def test_pages_hold_no_inline_script_or_style(what: str) -> None:
    # Python files too: a field's `display` returns markup.
    found = [
        f"{named(path)}:{text.count(chr(10), 0, match.start()) + 1}"
        for path in files("*/templates/**/*.html", "**/*.py")
        for text in [path.read_text("utf-8")]
        for match in INLINE[what].finditer(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    "what, text",
    [
        ("a style attribute", '<p style="color:red">'),
        ("a script without a file", "<script>alert(1)</script>"),
        ("a script without a file", '<script type="module">x</script>'),
        ("an event attribute", '<button type="button" onclick="go()">'),
        ("an htmx event attribute (it needs eval)", '<a hx-on:click="go()">'),
        ("a javascript: address", '<a href="javascript:go()">'),
    ],
)
def test_the_search_for_inline_code_finds_it(what: str, text: str) -> None:
    assert INLINE[what].search(text)


def test_scripts_from_a_file_and_data_blocks_are_not_inline() -> None:
    fine = '<script type="module" src="/static/a.js"></script><script type="application/json">{}</script>'
    assert not INLINE["a script without a file"].search(fine)


# --- what scripts and administrators rely on ---------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_contract_exists(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (PACKAGE / "cli.py").exists():
        pytest.skip("the command line is not written yet")
    cli = importlib.import_module("lowcode.cli")
    monkeypatch.setattr(sys, "argv", ["lowcode", *command.split(), "--help"])
    try:
        code: t.Any = cli.main()
    except SystemExit as ending:
        code = ending.code
    assert code in (0, None), capsys.readouterr().err
    assert "--json" in capsys.readouterr().out, "every command takes --json"


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_variable_of_the_contract_is_read(variable: str) -> None:
    assert f'"{variable}"' in Path(config.__file__).read_text("utf-8")


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_exists_and_says_what_it_does(target: str) -> None:
    assert re.search(rf"^{target}:.*## \S", (ROOT / "Makefile").read_text("utf-8"), re.M)


# --- locks -----------------------------------------------------------------------------------


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(*extras: str) -> set[str]:
    """The distributions that pyproject.toml asks for by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return {normal(re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0]) for line in lines}


def pins(lock: str) -> set[tuple[str, str]]:
    """(name, version) of every line of a lock; one name may have two versions for two Pythons."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", (ROOT / lock).read_text("utf-8"), re.M)
    return {(normal(name), version) for name, version in found}


def asked_for(lock: str) -> set[str]:
    """Names of a lock that pyproject.toml itself asked for, by the lock's own remarks."""
    text = (ROOT / lock).read_text("utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.M)[1:]
    return {normal(re.split("==", entry, maxsplit=1)[0]) for entry in entries if "lowcode (pyproject.toml)" in entry}


@pytest.mark.parametrize(
    "lock, extras", [("requirements.lock", ("build",)), ("requirements-dev.lock", ("build", "dev"))]
)
def test_the_lock_holds_what_the_project_asks_for(lock: str, extras: tuple[str, ...]) -> None:
    assert asked_for(lock) == wanted(*extras), "run `make lock`"


def test_the_development_lock_holds_the_whole_other_lock() -> None:
    assert pins("requirements.lock") <= pins("requirements-dev.lock")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.M)[1:]
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"\w+://\S*|--\w*index\S*|--find-links\S*", text) == []


def test_the_build_tool_is_locked() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert {normal(re.split(r"[<>=!~; ]", line, maxsplit=1)[0]) for line in build} <= wanted("build")


# --- pages -----------------------------------------------------------------------------------


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", pages(), ids=named)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    local = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_decision_records_are_numbered_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert records, "there are decision records"
    numbers = [int(name[:4]) for name in records]
    assert numbers == list(range(1, len(records) + 1))
    index = (folder / "README.md").read_text("utf-8")
    assert [name for name in records if f"({name})" not in index] == []


@pytest.mark.parametrize("record", sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")), ids=named)
def test_a_decision_record_says_what_was_decided_and_why(record: Path) -> None:
    text = record.read_text("utf-8")
    assert re.match(rf"# {int(record.name[:4])}\. \S", text)
    assert [heading for heading in ("## Decision", "## Why", "## Rejected") if heading not in text] == []


def test_the_changelog_has_a_place_for_what_comes() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_shell_scripts_can_be_read_by_their_shells() -> None:
    for script in [ROOT / ".ci" / "run", *ROOT.glob("scripts/*.sh")]:
        shell = "bash" if "bash" in script.read_text("utf-8").splitlines()[0] else "sh"
        subprocess.run([shell, "-n", str(script)], check=True)
