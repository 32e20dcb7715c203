"""``lowcode records import``, ``export`` and ``undo``."""

from __future__ import annotations

import argparse
import shutil
import typing as t
from collections.abc import Mapping
from pathlib import Path

from lowcode.access.actor import Actor
from lowcode.commands import Answer, Subparsers, command, open_services, say
from lowcode.errors import Invalid, LowcodeError, NotFound, Problem, invalid
from lowcode.jobs import imports
from lowcode.jobs.queue import Job
from lowcode.jobs.worker import work_now
from lowcode.query import ast, kintone
from lowcode.records.reader import RecordReader
from lowcode.services import Services
from lowcode.transfer import exporting, importing, profiles, tabular

WORKER = "command line"
PROGRESS_ROWS = 5_000


def add(subparsers: Subparsers) -> None:
    """Register the commands."""
    parser = command(subparsers, "records import", _import, "transfer.cli.import")
    parser.add_argument("app", metavar="APP")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--profile", metavar="NAME", help=say("transfer.cli.profile"))
    parser.add_argument("--save-profile", metavar="NAME", help=say("transfer.cli.save_profile"))
    parser.add_argument("--key", metavar="CODE", help=say("transfer.cli.key"))
    parser.add_argument("--mode", metavar="add,update,upsert", help=say("transfer.cli.mode"))
    parser.add_argument("--dry-run", action="store_true", help=say("transfer.cli.dry_run"))
    parser.add_argument("--bad-cells", choices=("fail", "empty"), help=say("transfer.cli.bad_cells"))
    parser.add_argument("--note-field", metavar="CODE", help=say("transfer.cli.note_field"))
    parser.add_argument("--map", action="append", default=[], metavar="LABEL=CODE", help=say("transfer.cli.map"))
    parser.add_argument("--year", action="append", default=[], metavar="CODE=YEAR", help=say("transfer.cli.year"))
    parser.add_argument("--serial-dates", action="store_true", help=say("transfer.cli.serial"))
    parser.add_argument("--errors", type=Path, metavar="FILE", help=say("transfer.cli.errors"))
    parser.add_argument("--user", metavar="LOGIN", help=say("transfer.cli.user"))
    reading_options(parser)

    parser = command(subparsers, "records export", _export, "transfer.cli.export")
    parser.add_argument("app", metavar="APP")
    parser.add_argument("--query", default="", metavar="Q", help=say("transfer.cli.query"))
    parser.add_argument("--view", metavar="NAME", help=say("transfer.cli.view"))
    parser.add_argument("--columns", metavar="CODE,…", help=say("transfer.cli.columns"))
    parser.add_argument("--encoding", default="utf-8", choices=exporting.ENCODINGS, help=say("transfer.cli.encoding"))
    parser.add_argument("--user", metavar="LOGIN", help=say("transfer.cli.user"))
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help=say("transfer.cli.output"))

    parser = command(subparsers, "records undo", _undo, "transfer.cli.undo")
    parser.add_argument("batch", type=int, metavar="BATCH")
    parser.add_argument("--user", metavar="LOGIN", help=say("transfer.cli.user"))


def reading_options(parser: argparse.ArgumentParser) -> None:
    """How a file is read, where the guess is wrong."""
    parser.add_argument("--encoding", metavar="NAME", help=say("transfer.cli.encoding"))
    parser.add_argument("--delimiter", metavar="CHARACTER", help=say("transfer.cli.delimiter"))
    parser.add_argument("--sheet", metavar="NAME", help=say("transfer.cli.sheet"))
    parser.add_argument("--header-row", type=int, metavar="N", help=say("transfer.cli.header_row"))


def chosen_reading(options: argparse.Namespace) -> dict[str, t.Any]:
    """The same as arguments of :func:`lowcode.transfer.tabular.inspect`."""
    delimiter = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}.get(options.delimiter, options.delimiter)
    return {
        "encoding": options.encoding,
        "delimiter": delimiter,
        "sheet": options.sheet,
        "header_row": options.header_row,
    }


def acting(services: Services, login: str | None) -> Actor:
    """The named user with their rights, or the system. Raises :class:`NotFound`."""
    if login is None:
        return services.system(WORKER)
    with services.reading(services.system(WORKER)) as space:
        found = space.ctx.directory.by_code("USER", login)
    if found is None:
        raise NotFound("user.not_found", user=login)
    return services.actor(found.id)


def store_file(services: Services, path: Path) -> str:
    """Keep a file beside the attachments, so that a worker can go on when this command is killed."""
    with path.open("rb") as stream:
        return services.store.write(stream, limit=tabular.MAX_BYTES + 1)[0]


def _pairs(given: list[str], option: str) -> dict[str, str]:
    found = {}
    for each in given:
        name, sign, value = each.rpartition("=")
        if not sign or not name:
            raise invalid("transfer.cli.pair", option=option, value=each)
        found[name] = value
    return found


def _years(given: list[str]) -> dict[str, int]:
    pairs = _pairs(given, "--year")
    for code, year in pairs.items():
        if not (year.isdecimal() and len(year) == 4):
            raise invalid("transfer.cli.pair", option="--year", value=f"{code}={year}")
    return {code: int(year) for code, year in pairs.items()}


def _import(options: argparse.Namespace) -> Answer:
    services = open_services()
    actor = acting(services, options.user)
    wish = profiles.Profile(
        key=options.key,
        mode=options.mode,
        overrides=_pairs(options.map, "--map"),
        years=_years(options.year),
        serial=options.serial_dates,
        bad_cells=options.bad_cells,
        note_field=options.note_field,
        reading={k: v for k, v in chosen_reading(options).items() if v is not None},
    )
    with services.reading(actor) as space:
        app_id = space.app(options.app).id
        if options.profile:
            wish = profiles.load(space.connection, app_id, options.profile).with_(wish)
    preview = tabular.inspect(options.file, **wish.reading)
    with services.reading(actor) as space:
        plan = importing.plan_import(
            space,
            app_id,
            preview,
            key=wish.key,
            mode=wish.mode,
            dry_run=options.dry_run,
            overrides=wish.overrides,
            years=wish.years,
            serial=wish.serial,
            bad_cells=wish.bad_cells or "fail",
            note_field=wish.note_field,
        )
    key = store_file(services, options.file)
    now = services.settings.now()
    with services.writing(actor) as space:
        if options.save_profile:
            profiles.save(space.connection, app_id, options.save_profile, wish)
        job_id = imports.enqueue_import(
            space.connection, plan, key, actor, now, name=options.file.name, leased_by=WORKER
        )
    job = work_now(services, job_id, WORKER)
    return import_answer(services, job, options.file, options.errors, preview)


def import_answer(
    services: Services,
    job: Job,
    source: Path,
    errors: Path | None,
    preview: tabular.Preview | None = None,
    first: tuple[Mapping[str, t.Any], list[str]] = ({}, []),
) -> Answer:
    """What an import did, in words and as data; the error list is copied to a place with a name."""
    if job.state == "failed":
        raise failure(job)
    result = job.result or {}
    counts = imports.counts(result)
    lines = [*first[1], say("transfer.result.counts", **counts)]
    if result.get("dry_run"):
        lines.append(say("transfer.result.dry_run"))
    for name in ("warned", "skipped"):
        if counts[name]:
            lines.append(say(f"transfer.result.{name}", **counts))
    lines += [f"  {say(code)}: {count}" for code, count in (result.get("notes") or {}).items()]
    for name in ("unknown_columns", "ignored_columns"):
        if result.get(name):
            lines.append(say(f"transfer.result.{name}", columns="、".join(result[name])))
    data: dict[str, t.Any] = {**first[0], "batch": job.id, **counts}
    data |= {name: result.get(name) or [] for name in ("unknown_columns", "ignored_columns")}
    data |= {"notes": result.get("notes") or {}, "dry_run": bool(result.get("dry_run")), "errors_file": None}
    if preview is not None:
        data["reading"] = {
            "encoding": preview.reading.encoding,
            "delimiter": preview.reading.delimiter,
            "sheet": preview.reading.sheet,
            "header_row": preview.reading.header_row,
        }
    if result.get("errors_file"):
        target = _copied(services, result, source, errors)
        data["errors_file"] = str(target)
        lines.append(say("transfer.result.errors_file", file=target))
    if not result.get("dry_run") and counts["created"] + counts["updated"]:
        lines.append(say("transfer.result.batch", batch=job.id))
    return Answer(data, lines)


def _copied(services: Services, result: Mapping[str, t.Any], source: Path, wanted: Path | None) -> Path:
    """The error list where the person wants it, else in the data folder (never unasked beside the source)."""
    name = Path(result["errors_name"])
    target = wanted or services.settings.data_dir / "imports" / f"{name.stem}-{source.stem}{name.suffix}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with services.store.open(result["errors_file"]) as stream, target.open("wb") as out:
        shutil.copyfileobj(stream, out)
    return target


class JobFailed(LowcodeError):
    """The job of a command ended with this error."""

    status = 500


def failure(job: Job) -> LowcodeError:
    """The error that a job ended with, as the command itself would have raised it."""
    error = job.error or {"code": "jobs.unexpected"}
    if error.get("problems"):
        return Invalid([Problem(code=p["code"], path=tuple(p["path"]), params=p["params"]) for p in error["problems"]])
    return JobFailed(error["code"], **error.get("params", {}))


def _export(options: argparse.Namespace) -> Answer:
    services = open_services()
    actor = acting(services, options.user)
    format = {".tsv": "tsv", ".tab": "tsv", ".xlsx": "xlsx"}.get(options.output.suffix.lower(), "csv")
    replaced = exporting.Replaced()
    with services.reading(actor) as space:
        reader = space.reader(options.app)
        condition, order, shown = _selection(reader, options.query, options.view)
        codes = options.columns.split(",") if options.columns else shown
        columns = exporting.choose_columns(reader, codes)
        reader.policy.require("export")
        ids = exporting.begin(space, reader, ast.Query(condition, order), columns, format)
        if space.reads is not None:
            space.reads.write()  # before the file is there
        pages = exporting.short_pages(lambda: services.reading(actor), reader.live.id, ids, columns)
        if format == "xlsx":
            exporting.export_xlsx(reader, options.output, columns=columns, pages=pages)
        else:
            with options.output.open("wb") as out:
                out.writelines(
                    exporting.export_csv(
                        reader,
                        columns=columns,
                        encoding=options.encoding,
                        pages=pages,
                        replaced=replaced,
                        delimiter="\t" if format == "tsv" else ",",
                    )
                )
    lines = [say("transfer.result.exported", count=len(ids), file=options.output)]
    if replaced.characters:
        listed = "、".join(f"{character}×{times}" for character, times in replaced.listed())
        lines.append(say("transfer.result.replaced", characters=listed))
    return Answer({"file": str(options.output), "count": len(ids), "replaced": dict(replaced.characters)}, lines)


def _selection(
    reader: RecordReader, query: str, view: str | None
) -> tuple[ast.Node | None, tuple[ast.SortKey, ...], list[str] | None]:
    """Condition, order and columns of a query and a view together."""
    asked = kintone.parse(query)
    if view is None:
        return asked.condition, asked.order, None
    found = reader.definition.view(view)
    if found is None or not reader.may_ask(found.filter_cond, found.sort):
        raise NotFound("transfer.cli.no_such_view", view=view)
    kept = kintone.parse(" ".join(filter(None, [found.filter_cond, f"order by {found.sort}" if found.sort else ""])))
    shown = list(found.fields) or None
    return ast.all_of(kept.condition, asked.condition), asked.order or kept.order, shown


def _undo(options: argparse.Namespace) -> Answer:
    services = open_services()
    actor = acting(services, options.user)
    with services.writing(actor) as space:
        job_id = imports.enqueue_undo(space.connection, options.batch, actor, services.settings.now(), leased_by=WORKER)
    job = work_now(services, job_id, WORKER)
    if job.state == "failed":
        raise failure(job)
    result = {name: (job.result or {}).get(name, 0) for name in ("undone", "kept", "gone")}
    return Answer({"batch": options.batch, **result}, [say("transfer.result.undone", **result)])


__all__ = ["acting", "add", "chosen_reading", "failure", "import_answer", "reading_options", "store_file"]
