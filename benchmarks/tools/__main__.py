"""The worker: reads a request a line, lets the tool named on the command line do it, answers.

An answer has `error` (None when it was done), `offered` (False when the tool has no such
change), `seconds`, and `peak` (the process's largest memory so far, in MB).
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
import warnings

from benchmarks.tools.request import NotOfferedError, Request

MODULES = {
    "drydock": "ours",
    "drydock in a migration": "migration",
    "sqlite-utils": "stock",
    "alembic": "batch",
    "django": "editor",
    "by hand": "by_hand",
}


def main() -> None:
    """Answer every line of standard input."""
    warnings.simplefilter("ignore")
    tool = importlib.import_module(f"benchmarks.tools.{MODULES[sys.argv[1]]}")
    for line in sys.stdin:
        request = Request(**json.loads(line))
        answer = {"error": None, "offered": True}
        began = time.perf_counter()
        try:
            tool.change(request)
        except NotOfferedError:
            answer["offered"] = False
        except Exception as error:  # noqa: BLE001 - whatever a tool raises is its refusal
            answer["error"] = f"{type(error).__name__}: {error}"[:500]
        answer["seconds"] = time.perf_counter() - began
        answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
