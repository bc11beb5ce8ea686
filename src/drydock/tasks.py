"""The Invoke namespace: ``from drydock.tasks import namespace`` is a project's whole tasks.py.

Each task only names its flags and calls its command; what a command needs is imported when it
runs, so that ``inv status`` starts as fast as Invoke itself.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection
from invoke.tasks import task

from drydock.commands.session import guarded, is_under_way, settings_of, terminal_of, walk_of
from drydock.reports import JSON, backups, diagram, diff, doctor, drill, history, receipt, status
from drydock.settings import unset

if TYPE_CHECKING:
    from invoke.context import Context

    from drydock.rebuild.commands import Action

_YES = "answer the questions of the review with yes"


def _perform(context: Context, name: str, **options: Any) -> None:
    from drydock import chain
    from drydock.walk import Options

    walk = walk_of(context, Options(**options) if options else None, task=name)
    chain.perform(walk, chain.step_named(name))


@task(
    help={
        "dry-run": "do everything but publish; the backend is left running",
        "to": "stop after this migration (a name or its number)",
        "yes": _YES,
        "allow-loss": "publish although the evidence shows an undeclared loss",
        "no-backend": "leave the backend alone",
        "create": "make a new, empty database when there is none",
        "force": "kill the backend if it does not stop",
        "quiet": "print only errors",
        "verbose": "print all that is known of each finding",
        "json": "print the run's receipt as JSON on standard output (docs/json.md)",
    }
)
@guarded
def migrate(
    context: Context,
    dry_run: bool = False,
    to: str | None = None,
    yes: bool = False,
    allow_loss: bool = False,
    no_backend: bool = False,
    create: bool = False,
    force: bool = False,
    quiet: bool = False,  # noqa: ARG001 - @guarded makes the terminal of these three
    verbose: bool = False,  # noqa: ARG001
    json: bool = False,  # noqa: ARG001
) -> None:
    """Migrate the database through the whole chain, or leave it exactly as it was."""
    from drydock.commands import migrate as command

    settings = settings_of(context)
    # Behind inv stop-backend the chain is walked all the same: it starts the backend again.
    if not is_under_way() and command.is_current(
        settings, terminal_of(context), create=create, to=to
    ):
        return
    from drydock.walk import Options

    dry_run = dry_run or bool(context.config.run.dry)
    options = Options(
        dry_run=dry_run,
        to=to,
        yes=yes,
        allow_loss=allow_loss,
        no_backend=no_backend,
        create=create,
        force=force,
    )
    command.run(walk_of(context, options, task="migrate"), terminal_of(context))


@task(help={"force": "kill what does not stop in time"})
@guarded
def stop_backend(context: Context, force: bool = False) -> None:
    """Stop the backend: the whole tree of its processes, and nobody else."""
    _perform(context, "stop-backend", force=force)


@task
@guarded
def start_backend(context: Context) -> None:
    """Start the backend and wait until it is healthy."""
    _perform(context, "start-backend")


@task
@guarded
def backup(context: Context) -> None:
    """Take a backup through SQLite and prove it."""
    _perform(context, "backup")


@task(
    auto_shortflags=False,
    positional=["name"],
    help={
        "name": "a backup's id (inv backups), or a database file",
        "output": "write a copy to this file instead of replacing the live database",
        "yes": "do not ask",
        "no-backend": "leave the backend alone",
    },
)
@guarded
def restore(
    context: Context, name: str, output: str = "", yes: bool = False, no_backend: bool = False
) -> None:
    """Make a backup the live database again, or copy it out."""
    from pathlib import Path

    from drydock import backup as library
    from drydock.commands import backups as command
    from drydock.commands import rollback as going_back
    from drydock.walk import Options

    if output:
        settings = settings_of(context)
        found = library.find(settings.backups, name)
        command.copy_out(found, Path(output).absolute(), terminal_of(context))
        return
    options = Options(yes=yes, no_backend=no_backend)
    going_back.run(walk_of(context, options, task="rollback"), name, restores=True)


@task(
    help={
        "to": "a backup's id; by default the one that the last run took",
        "down": "take one migration back by its own down script instead, through the whole chain",
        "keep-new-rows": "carry over what the application wrote since, where columns allow",
        "yes": "do not ask",
        "no-backend": "leave the backend alone",
    }
)
@guarded
def rollback(
    context: Context,
    to: str | None = None,
    keep_new_rows: bool = False,
    down: str | None = None,
    yes: bool = False,
    no_backend: bool = False,
) -> None:
    """Go back to the database before the last run; the present one is kept."""
    from drydock.commands import rollback as command
    from drydock.walk import Options

    options = Options(down=down, keep_new_rows=keep_new_rows, yes=yes, no_backend=no_backend)
    command.run(walk_of(context, options, task="rollback" if down is None else "migrate"), to)


@task(
    help={
        "static": "the text and the rows as they are, without a rehearsal",
        "downs": "prove on copies that each pending down script takes its migration back whole",
        "format": "text, json, sarif or github",
        "json": "the same as --format json",
        "verbose": "print all that is known of each finding",
    }
)
@guarded
def review(
    context: Context,
    static: bool = False,
    downs: bool = False,
    format: str = "text",  # noqa: A002 - the flag's name
    json: bool = False,
    verbose: bool = False,  # noqa: ARG001 - @guarded makes the terminal of it
) -> None:
    """Show what is pending and what it would do to the data, rehearsed on a copy."""
    if is_under_way():
        _perform(context, "review")
        return
    from drydock.commands import review as command

    form = "json" if json else format
    command.run(settings_of(context), terminal_of(context), static=static, downs=downs, form=form)


@task(
    iterable=["expect"],
    help={"expect": "ask for one thing: transactions.trip_tag (repeatable)", "json": JSON},
)
@guarded
def verify_schema(context: Context, expect: list[str], json: bool = False) -> None:
    """Verify history, soundness, foreign keys and the schema against the models."""
    from drydock import chain
    from drydock.commands import verify_schema as command
    from drydock.walk import Options

    chosen = Options(expect=tuple(expect)) if expect else None
    walk = walk_of(context, chosen, task=None if expect else "verify-schema")
    if json:
        command.run(walk, terminal_of(context))
    else:
        chain.perform(walk, chain.step_named("verify-schema"))


@task
@guarded
def smoke_test(context: Context) -> None:
    """Ask the running application whether it works."""
    _perform(context, "smoke-test")


_CHANGES: dict[Action, str] = {
    "drop": "TABLE.COLUMN to drop (repeatable, as are all below)",
    "retype": "TABLE.COLUMN=TYPE",
    "rename": "TABLE.COLUMN=NEW_NAME",
    "not-null": "TABLE.COLUMN that may not be NULL any more",
    "nullable": "TABLE.COLUMN that may be NULL again",
    "default": "TABLE.COLUMN=VALUE",
    "pk": "TABLE.COLUMN that becomes the primary key",
    "check": "TABLE:EXPRESSION that every row must meet",
    "collate": "TABLE.COLUMN=COLLATION",
}


@task(
    positional=["name"],
    iterable=[kind.replace("-", "_") for kind in _CHANGES],
    help={"name": "what it does, as in add-trip-tags", "py": "Python, not SQL", **_CHANGES},
)
@guarded
def new(
    context: Context,
    name: str,
    py: bool = False,
    drop: list[str] | None = None,
    retype: list[str] | None = None,
    rename: list[str] | None = None,
    not_null: list[str] | None = None,
    nullable: list[str] | None = None,
    default: list[str] | None = None,
    pk: list[str] | None = None,
    check: list[str] | None = None,
    collate: list[str] | None = None,
) -> None:
    """Write the next migration's file, its header filled in."""
    from drydock.commands import new as command

    given = (drop, retype, rename, not_null, nullable, default, pk, check, collate)
    changes = [
        (kind, what) for kind, every in zip(_CHANGES, given, strict=True) for what in every or ()
    ]
    path = command.write(settings_of(context), name, python=py, changes=changes)
    terminal_of(context).data(str(path))


@task(
    positional=["table"],
    help={
        "table": "the table",
        "where": "which rows of the backup, as SQL",
        "from": "a backup's id, or a database file; by default the newest backup",
        "no-triggers": "let no trigger fire that writes to tables",
        "yes": "do not ask",
    },
)
@guarded
def restore_rows(
    context: Context,
    table: str,
    where: str = "1",
    from_: str | None = None,
    no_triggers: bool = False,
    yes: bool = False,
) -> None:
    """Bring rows back from a backup, inserted or updated by their key."""
    from drydock.commands import restore_rows as command
    from drydock.walk import Options

    command.run(walk_of(context, Options(yes=yes)), table, where, from_, silent=no_triggers)


@task(
    iterable=["mark", "unmark"],
    help={
        "yes": "record what was found without asking",
        "dry-run": "show the table and record nothing",
        "renumber": "put the order into the files' names (git mv) instead of order.txt",
        "mark": "record this migration as applied without running it (repeatable)",
        "unmark": "take this migration out of the ledger (repeatable)",
        "json": JSON,
    },
)
@guarded
def adopt(
    context: Context,
    mark: list[str],
    unmark: list[str],
    yes: bool = False,
    dry_run: bool = False,
    renumber: bool = False,
    json: bool = False,  # noqa: ARG001
) -> None:
    """Find out which scripts have run on an existing database, and record those."""
    from drydock.commands import adopt as command
    from drydock.walk import Options

    dry_run = dry_run or bool(context.config.run.dry)
    walk = walk_of(context, Options(yes=yes, dry_run=dry_run))
    if mark or unmark:
        command.by_hand(walk, terminal_of(context), mark=mark, unmark=unmark)
    else:
        command.run(walk, terminal_of(context), renumber=renumber)


namespace = Collection(
    status,
    migrate,
    stop_backend,
    backup,
    review,
    verify_schema,
    start_backend,
    smoke_test,
    rollback,
    backups,
    restore,
    restore_rows,
    diff,
    new,
    doctor,
    history,
    receipt,
    diagram,
    adopt,
    drill,
)
namespace.configure({"drydock": unset()})

# What is loaded by now, Invoke above all, lasts until the process ends. Unless the collector is
# told so, it goes through all of it once more on the way out, which takes longer than `inv status`.
gc.freeze()
