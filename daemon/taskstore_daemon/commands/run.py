"""`taskstored run`: watch folders and deploy what is dropped."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskstore.cli.group import Command
from taskstore_daemon.commands.serving import Serving, serving
from taskstore_daemon.limits import RESCAN_SECONDS

if TYPE_CHECKING:
    from taskstore_daemon.service import Service

SECONDS = click.FloatRange(min=0.05, max=86_400)


@click.command(
    cls=Command,
    examples="""
    taskstored run inbox
    taskstored run --once --store registry inbox
    taskstored run --outbox outbox inbox
    taskstored run --poll 10 --receipts /var/lib/taskstore/receipts /mnt/share/inbox
    """,
)
@click.argument(
    "inboxes",
    metavar="INBOX...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--store",
    type=click.Path(path_type=Path),
    envvar="TASKSTORE_HOME",
    metavar="DIR",
    help="The store. [else TASKSTORE_HOME, else the nearest parent folder that is one]",
)
@click.option("--once", is_flag=True, help="Deploy what is there, then exit: with 3 if anything was refused.")
@click.option("--poll", type=SECONDS, help="Look every so many seconds instead of waiting for events.")
@click.option("--rescan", type=SECONDS, default=RESCAN_SECONDS, show_default=True, help="Seconds between full scans.")
@click.option("--receipts", metavar="DIR|none", help="Where receipts go. [receipts/ in each inbox]")
@click.option(
    "--outbox",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where receipts of bundles go, to be carried back to where they came from. [none are written]",
)
@click.option("--prune", is_flag=True, help="Delete the triggers of tasks whose manifest is removed.")
@click.option("--force", is_flag=True, help="Prune any number of tasks at once. [at most 10]")
@click.option("--metrics", metavar="FILE|PORT", help="Prometheus metrics in a file, or at a port of 127.0.0.1.")
@click.option("--by", metavar="WHO", help="Who deploys. [the user and host]")
@serving(None)
@click.option("--log", "log_form", type=click.Choice(["text", "json"]), default="text", help="The form of the log.")
def command(
    inboxes: tuple[Path, ...],
    store: Path | None,
    once: bool,
    poll: float | None,
    rescan: float,
    receipts: str | None,
    outbox: Path | None,
    prune: bool,
    force: bool,
    metrics: str | None,
    by: str | None,
    serving: Serving | None,
    log_form: str,
) -> int:
    """Watch folders, their sub-folders too, deploy the manifests that are dropped into them, and take bundles in.

    What is refused gets NAME.error.txt beside it, and every manifest and bundle a JSON receipt in the folder receipts/.
    SIGTERM ends it after the batch at hand, SIGHUP makes it scan everything. With --listen it serves the store to the
    stock Flyte client besides, as `taskstored serve` does.
    """
    from taskstore_daemon import log, memory
    from taskstore_daemon.assembly import Settings, assembled

    memory.keep_together()
    memory.collect_rarely()
    log.configure(as_json=log_form == "json")
    settings = Settings(
        store=store,
        inboxes=inboxes,
        poll=poll,
        rescan=rescan,
        receipts=receipts,
        outbox=outbox,
        by=by,
        once=once,
        prune=prune,
        force=force,
        metrics=metrics,
        log_form=log_form,
    )
    with assembled(settings) as service:
        _listen(service)
        if once:
            return 0 if service.run_once() else 3
        with serving.server(service.store) if serving else nullcontext():
            service.run()
    return 0


def _listen(service: Service) -> None:
    import signal

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    signal.signal(signal.SIGHUP, lambda *_: service.rescan())
