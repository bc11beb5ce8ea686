"""`python -m benchmarks [name…]`: run the benchmarks, print their tables, tell missed bars.

It finds every module of the package with a `BENCHMARK`, and exits with 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import tempfile
import time
from pathlib import Path

import benchmarks
from benchmarks.harness import Benchmark, Setting, rendered
from benchmarks.peers import Peers


def registry() -> dict[str, Benchmark]:
    """Return the benchmarks by name."""
    found = {}
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if not module.name.startswith("_") and not module.ispkg:
            loaded = importlib.import_module(f"benchmarks.{module.name}")
            benchmark = getattr(loaded, "BENCHMARK", None)
            if isinstance(benchmark, Benchmark):
                found[benchmark.name] = benchmark
    return found


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    known = registry()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(known))
    parser.add_argument("--list", action="store_true", help="name the benchmarks and stop")
    parser.add_argument("--quick", action="store_true", help="small sizes: not for quoting")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each entry (default 3)")
    parser.add_argument("--scratch", type=Path, help="a folder with room (default: the system's)")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.names) - set(known)):
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}")
    if asked.list:
        for benchmark in known.values():
            print(f"{benchmark.name:<12} {benchmark.summary}")
        return 0
    missed: list[str] = []
    for name in asked.names or known:
        with tempfile.TemporaryDirectory(prefix="drydock-bench-", dir=asked.scratch) as folder:
            setting = Setting(asked.quick, asked.rounds, Path(folder), Peers())
            began = time.monotonic()
            print(f"== {name}: {known[name].summary}", flush=True)
            for table in known[name].run(setting):
                print(f"\n{rendered(table)}", flush=True)
                missed.extend(table.missed)
            print(f"\n   {name} took {time.monotonic() - began:.0f} s\n", flush=True)
    for bar in missed:
        print(f"missed: {bar}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
