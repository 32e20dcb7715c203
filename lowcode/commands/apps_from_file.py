"""``lowcode app from-file``: an app, and its records, from a CSV, TSV or xlsx file."""

from __future__ import annotations

import argparse
from pathlib import Path

from lowcode.commands import Answer, Subparsers, command, open_services, say
from lowcode.commands.records import WORKER, acting, chosen_reading, failure, import_answer, reading_options, store_file
from lowcode.jobs import imports
from lowcode.jobs.worker import work_now
from lowcode.transfer import tabular
from lowcode.transfer.app_from_file import app_name


def add(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "app from-file", _from_file, "transfer.cli.from_file")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--code", required=True, metavar="CODE", help=say("transfer.cli.code"))
    parser.add_argument("--name", default="", metavar="N", help=say("transfer.cli.name"))
    parser.add_argument("--errors", type=Path, metavar="FILE", help=say("transfer.cli.errors"))
    parser.add_argument("--user", metavar="LOGIN", help=say("transfer.cli.user"))
    reading_options(parser)


def _from_file(options: argparse.Namespace) -> Answer:
    services = open_services()
    actor = acting(services, options.user)
    preview = tabular.inspect(options.file, **chosen_reading(options))
    key = store_file(services, options.file)
    with services.writing(actor) as space:
        job_id = imports.enqueue_app_from_file(
            space.connection,
            key,
            actor,
            services.settings.now(),
            code=options.code,
            name=options.name or app_name(options.file.stem),
            reading=preview.reading,
            leased_by=WORKER,
        )
    job = work_now(services, job_id, WORKER)
    if job.state == "failed":
        raise failure(job)
    result = job.result or {}
    made = {name: result.get(name) for name in ("app", "code", "name", "fields")}
    lines = [say("transfer.result.app_made", app=made["app"], code=made["code"], name=made["name"])]
    lines += [
        "  "
        + say(
            "transfer.result.field",
            label=f["header"],
            type=f["type"],
            reason=say(f"transfer.why.{f['why']}", **f["params"]),
        )
        for f in result.get("fields") or ()
    ]
    return import_answer(services, job, options.file, options.errors, preview, (made, lines))
