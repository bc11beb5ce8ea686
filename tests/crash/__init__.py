"""The fault laboratory: machinery that tries to break what docs/safety.md promises.

``make crash`` runs all of it by seed and budget; a bounded slice is part of the suite. Each case
has a number, so that a failing one can be run again by itself.
"""
