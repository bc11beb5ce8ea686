"""``drydock`` and ``python -m drydock``: the same tasks for a project without a tasks.py."""

from __future__ import annotations

from invoke.program import Program

from drydock import __version__
from drydock.tasks import namespace

program = Program(name="Drydock", binary="drydock", namespace=namespace, version=__version__)


def main() -> None:
    """Run the command line through Invoke's own program."""
    program.run()


if __name__ == "__main__":
    main()
