"""What a user sees: steps as they go, findings, evidence, errors with what to type next.

Narrative goes to standard error, data to standard output; with ``--json`` standard output carries
JSON and nothing else. Without a terminal everything is plain lines. It refuses to write control
characters that came from data or from a program's output.
"""

from drydock.terminal.screen import Terminal
from drydock.terminal.text import safe

__all__ = ["Terminal", "safe"]
