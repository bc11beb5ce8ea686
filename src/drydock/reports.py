"""The tasks that only read: where things stand, what has been, what the schema looks like.

They are part of the namespace in `drydock.tasks`. None of them writes to the database or takes
the lock, so each may be called while a run is going on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.tasks import task

from drydock.commands.session import guarded, settings_of, terminal_of

if TYPE_CHECKING:
    from invoke.context import Context

JSON = "print JSON on standard output (docs/json.md)"


@task(
    help={
        "diff": "show how edited files differ from what was applied",
        "check": "exit 8 unless current",
        "json": JSON,
    }
)
@guarded
def status(
    context: Context,
    diff: bool = False,
    check: bool = False,
    json: bool = False,  # noqa: ARG001 - @guarded makes the terminal of it
) -> None:
    """Say which migrations are applied, pending, edited, missing or out of order."""
    from drydock.commands import status as command

    command.show(settings_of(context), terminal_of(context), diff=diff, check=check)


@task(help={"verify": "read every backup whole: digest and quick_check", "json": JSON})
@guarded
def backups(context: Context, verify: bool = False, json: bool = False) -> None:  # noqa: ARG001
    """List the backups, newest last."""
    from drydock.commands import backups as command

    command.show(settings_of(context), terminal_of(context), verify=verify)


@task(help={"json": JSON})
@guarded
def doctor(context: Context, json: bool = False) -> None:  # noqa: ARG001
    """Show one page on the environment: versions, database, disk, runs, settings."""
    from drydock.commands import doctor as command

    command.show(settings_of(context), terminal_of(context))


@task(help={"json": JSON})
@guarded
def history(context: Context, json: bool = False) -> None:  # noqa: ARG001
    """List all runs, one line each, newest last."""
    from drydock.commands import history as command

    command.show(settings_of(context), terminal_of(context))


@task(
    help={
        "run": "a run's id, or how it begins (inv history); by default the newest",
        "open": "show the page in the browser",
        "json": "print the receipt as JSON on standard output (docs/json.md)",
    },
)
@guarded
def receipt(
    context: Context,
    run: str = "",
    open: bool = False,  # noqa: A002 - the flag's name
    json: bool = False,  # noqa: ARG001
) -> None:
    """Say where a run's receipt is: a page with all that the run did; or show it."""
    from drydock.commands import receipt as command

    command.show(settings_of(context), terminal_of(context), run, in_browser=open)


@task(
    positional=["first", "second"],
    help={"first": "live, a backup's id, or a file", "second": "the same"},
)
@guarded
def diff(context: Context, first: str, second: str) -> None:
    """Show how two databases differ, in schema and in rows."""
    from drydock.commands import diff as command

    command.show(settings_of(context), terminal_of(context), first, second)


@task(
    help={
        "format": "svg or mermaid; by default what the output's name says, else svg",
        "output": "write it to this file (.svg, .mmd, or .md for a page)",
    }
)
@guarded
def diagram(
    context: Context,
    format: str = "",  # noqa: A002 - the flag's name
    output: str = "",
) -> None:
    """Draw the schema of the database: tables, columns, types, keys."""
    from drydock.commands import diagram as command

    command.run(settings_of(context), terminal_of(context), form=format, output=output)


@task(help={"json": JSON})
@guarded
def drill(context: Context, json: bool = False) -> None:  # noqa: ARG001
    """Try the way back on a copy: fail, be killed, go back; say how long it takes."""
    from drydock.commands import drill as command

    command.run(settings_of(context), terminal_of(context))
