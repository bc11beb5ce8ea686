"""Adopt: find out which scripts of an existing project have run on its database, by trying.

Each script runs on throw-away copies; what a run changes, or what stands in its way, tells whether
its effect is there. Nothing here writes to the live database but `drydock.adopt.recording`, and
that writes ledger rows only.
"""
