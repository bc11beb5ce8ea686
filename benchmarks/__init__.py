"""Measurements against the peers, in the same run: `python -m benchmarks [name…]`.

Each module of this package that has a `BENCHMARK` is one; `python -m benchmarks --list` names
them. Figures are ratios of medians of interleaved runs: seconds differ between machines, ratios
hardly. Nothing here is imported by Drydock.
"""
