"""The rows of the matrix, by theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.matrix.features import (
    constraints,
    indexes,
    keys,
    names,
    tables,
    targets,
    text,
    triggers,
    types,
    views,
)

if TYPE_CHECKING:
    from tests.matrix.feature import Feature

FEATURES: tuple[Feature, ...] = tuple(
    feature
    for theme in (types, constraints, tables, keys, indexes, triggers, views, names, text, targets)
    for feature in theme.FEATURES
)

CORE = frozenset(feature.name for theme in (tables, keys, views) for feature in theme.FEATURES)
"""The features that the suite runs every change on; the others get a rotating share."""
