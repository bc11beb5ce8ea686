"""The catalogue of all rules, and the page that is made from it.

``python -m drydock.review.catalogue docs/review.md`` writes the page; a test checks that the
page in the tree is the one that the code gives.
"""

from __future__ import annotations

import sys
from pathlib import Path

from drydock.review import allowances
from drydock.review.registry import RULES, Rule
from drydock.review.rules import (
    acceptance,
    columns,
    constraints,
    drops,
    history,
    objects,
    outcome,
    plans,
    rebuilds,
    session,
    values,
    virtual,
    writes,
)

_THEMES = {
    drops.__name__: "What goes away, or changes its name",
    columns.__name__: "Adding columns",
    constraints.__name__: "Promises that a table begins to make",
    values.__name__: "The form of values",
    rebuilds.__name__: "Tables rebuilt by hand",
    writes.__name__: "INSERT, UPDATE, DELETE",
    objects.__name__: "Views, triggers, indexes",
    virtual.__name__: "Virtual tables",
    plans.__name__: "The application's queries",
    session.__name__: "Settings, transactions, other files",
    acceptance.__name__: "Statements that SQLite does not take as meant",
    outcome.__name__: "What a rehearsal shows",
    history.__name__: "The ledger against the files",
    allowances.__name__: "Allowances",
}

_HEAD = """\
# The review's rules

<!-- Made from the code: python -m drydock.review.catalogue docs/review.md -->

`inv review` reads every pending migration and asks the rows that it is about to meet.
A rule that cannot matter on these rows is silent, or a note.
An **error** stops a run, a foreseen loss of data is asked about, a **warning** or **note** is told.
The severity below is the usual one; where rows cannot be known an error becomes a warning.

A finding that is meant is declared in its file, with the reason, which goes into the ledger:

```sql
-- drydock: allow drop-column: notes moved to memo in 014
```

In a `.py` file it begins with `#`.
It is a comment, on a line of its own or behind a statement; inside a string it is data.
An allowance holds for its whole file, and for no other file.
What SQLite refuses whatever the rows are cannot be allowed.

After a run, what is gone is held against both.
What was foreseen, and agreed to, covers as many rows as were foreseen.
An allowance covers what the statements of its own file took.
The rest stops the run, and the file that took it is named.
"""


def page() -> str:
    """Return the page with every rule, by theme."""
    parts = [_HEAD]
    for module, title in _THEMES.items():
        theme = module.rpartition(".")[2]
        parts.append(f"\n## {title}\n")
        parts += [_section(each) for each in RULES.values() if each.theme == theme]
    return "".join(parts)


def _section(rule: Rule) -> str:
    return (
        f"\n### {rule.name}\n\n"
        f"{rule.severity.capitalize()}: {rule.why}.\n"
        f"Evidence: {rule.evidence}.\n\n"
        f"```sql\n{rule.example}\n```\n"
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
