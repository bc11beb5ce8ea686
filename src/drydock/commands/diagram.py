"""``inv diagram``: the schema of the database as a picture; reads the database only.

It refuses to write over a file whose name does not say that it is a diagram or a page.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import connection
from drydock.errors import DrydockError, ExitCode
from drydock.words import counted

if TYPE_CHECKING:
    from drydock.schema.objects import Schema
    from drydock.settings import Settings
    from drydock.terminal import Terminal

FORMATS = ("svg", "mermaid")
_BY_SUFFIX = {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid", ".md": "mermaid"}


class NotADiagram(DrydockError):
    """The format or the output's name is none that a diagram has; nothing was written."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}; nothing was written",
            hint="inv diagram --output schema.svg, or --format mermaid --output docs/schema.md",
        )


def run(settings: Settings, terminal: Terminal, *, form: str, output: str) -> None:
    """Draw the schema; print it, or write it to `output`.

    Raises:
        NotADiagram: `form` or `output` is none.
        DatabaseMissing, NotADatabase: As they say.
    """
    from drydock.schema.inventory import inventory

    target = Path(output).absolute() if output else None
    form = _form(form, target)
    with closing(connection.read(settings.database, timeout=settings.timeout)) as opened:
        schema = inventory(opened)
    if target is None:
        terminal.data(drawn(schema, form).rstrip("\n"))
        return
    in_page = target.suffix.lower() == ".md"
    title = f"The schema of {settings.database.name}"
    text = page(schema, title) if in_page else drawn(schema, form)
    target.write_text(text, encoding="utf-8")
    terminal.line(f"{output}: {counted(len(schema.own_tables), 'table')} as {form}")


def drawn(schema: Schema, form: str) -> str:
    """Return the schema in one of `FORMATS`."""
    from drydock.schema.diagram import mermaid, svg

    return svg(schema) if form == "svg" else mermaid(schema)


def page(schema: Schema, title: str) -> str:
    """Return a Markdown page with the schema as Mermaid, which most forges show as a picture."""
    from drydock.schema.wording import count

    objects = ", ".join(
        count(len(things), noun)
        for things, noun in (
            (schema.own_tables, "table"),
            (schema.indexes, "index"),
            (schema.views, "view"),
            (schema.triggers, "trigger"),
        )
    ).replace("indexs", "indexes")
    made = "Made by `inv diagram --output` from the database itself; do not edit it by hand."
    return f"# {title}\n{objects}.\n{made}\n\n```mermaid\n{drawn(schema, 'mermaid')}```\n"


def _form(form: str, target: Path | None) -> str:
    if form and form not in FORMATS:
        raise NotADiagram(f"there is no format {form!r} (known: {', '.join(FORMATS)})")
    if target is None:
        return form or "svg"
    by_name = _BY_SUFFIX.get(target.suffix.lower())
    if by_name is None or (form and form != by_name):
        raise NotADiagram(f"{target.name} is no name for a diagram in {form or 'svg or mermaid'}")
    return by_name
