"""Where the cards of a diagram stand and which way its lines run.

Parents stand left of their children, in columns; tables without any reference fill the columns
that are short. A line leaves its column to the left, runs up and down only in the gutters between
columns and crosses a column only between two cards, so it never runs behind one. Pure geometry in
pixels; the same input gives the same picture.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drydock.schema.cards import Card, Reference

CARD_WIDTH = 276
HEADER_HEIGHT = 30
ROW_HEIGHT = 20
CARD_GAP = 34
GUTTER = 76
MARGIN = 40
_SLOT = 7  # between two lines that run side by side
_PROPORTION = 0.62  # height to width that a page shows well

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """A card and its upper left corner."""

    card: Card
    column: int
    x: float
    y: float

    @property
    def height(self) -> float:
        """The card's height."""
        return height_of(self.card)

    def row_middle(self, row: int) -> float:
        """Return the middle of a row, counted from 0; of the header where there is none."""
        if row >= len(self.card.rows):
            return self.y + HEADER_HEIGHT / 2
        return self.y + HEADER_HEIGHT + ROW_HEIGHT * (row + 0.5)


@dataclass(frozen=True, slots=True)
class Wire:
    """A reference and its corners, from the child's row to the parent's."""

    reference: Reference
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole picture."""

    places: tuple[Place, ...]
    wires: tuple[Wire, ...]
    width: float
    height: float


def height_of(card: Card) -> float:
    """Return the height of a card."""
    return HEADER_HEIGHT + ROW_HEIGHT * max(1, len(card.rows)) + 6


def arranged(cards: Iterable[Card], references: Iterable[Reference]) -> Layout:
    """Return where everything stands."""
    by_name = {card.name: card for card in cards}
    links = tuple(references)
    columns = _columns(by_name, links)
    places = [
        Place(card, number, MARGIN + number * (CARD_WIDTH + GUTTER), y)
        for number, column in enumerate(columns)
        for card, y in _stacked(column)
    ]
    wires = _Router(places).wires(links)
    lowest = max((point[1] for wire in wires for point in wire.points), default=0)
    bottom = max([lowest, *(place.y + place.height for place in places)])
    width = 2 * MARGIN + max(1, len(columns)) * (CARD_WIDTH + GUTTER) - GUTTER
    return Layout(tuple(places), wires, width, bottom + CARD_GAP + MARGIN)


def _stacked(column: list[Card]) -> Iterable[tuple[Card, float]]:
    y: float = MARGIN
    for card in column:
        yield card, y
        y += height_of(card) + CARD_GAP


def _columns(cards: dict[str, Card], links: tuple[Reference, ...]) -> list[list[Card]]:
    """Return the cards of each column: the layers, split where tall, then the lone tables."""
    parents = defaultdict(set)
    for link in links:
        if link.parent != link.child:
            parents[link.child].add(link.parent)
    tied = parents.keys() | {name for group in parents.values() for name in group}
    space = sum(height_of(card) + CARD_GAP for card in cards.values())
    limit = max(
        [sqrt(space * (CARD_WIDTH + GUTTER) * _PROPORTION), *map(height_of, cards.values())]
    )
    columns: list[list[Card]] = []
    for layer in _layers(sorted(tied), parents):
        columns.extend(_split([cards[name] for name in layer], limit))
    lone = sorted(cards.keys() - tied, key=lambda name: (-height_of(cards[name]), name))
    for name in lone:
        shortest = min(columns, key=_column_height, default=None)
        if shortest is None or _column_height(shortest) + height_of(cards[name]) > limit:
            columns.append(shortest := [])
        shortest.append(cards[name])
    return columns


def _column_height(column: list[Card]) -> float:
    return sum(height_of(card) + CARD_GAP for card in column)


def _split(layer: list[Card], limit: float) -> list[list[Card]]:
    """Return `layer` as columns no taller than `limit`, each at least one card."""
    columns: list[list[Card]] = [[]]
    for card in layer:
        if columns[-1] and _column_height(columns[-1]) + height_of(card) > limit:
            columns.append([])
        columns[-1].append(card)
    return columns


def _layers(names: list[str], parents: dict[str, set[str]]) -> list[list[str]]:
    """Return the names in layers, each to the right of all its parents; a cycle is cut by name."""
    depth: dict[str, int] = {}
    waiting = list(names)
    while waiting:
        ready = [name for name in waiting if parents[name] <= depth.keys()] or waiting[:1]
        placed = {
            name: 1 + max((depth[p] for p in parents[name] if p in depth), default=-1)
            for name in ready
        }
        depth |= placed
        waiting = [name for name in waiting if name not in depth]
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in names:
        layers[depth[name]].append(name)
    return _untangled(layers, parents)


def _untangled(layers: list[list[str]], parents: dict[str, set[str]]) -> list[list[str]]:
    """Order each layer by the middle of its children, then of its parents, so fewer lines cross."""
    children = defaultdict(set)
    for child, group in parents.items():
        for parent in group:
            children[parent].add(child)
    position = {name: float(at) for layer in layers for at, name in enumerate(layer)}
    for sweep, near in ((reversed(layers), children), (iter(layers), parents)):
        for layer in sweep:
            weights = {
                name: sum(position[n] for n in near[name]) / len(near[name])
                if near[name]
                else position[name]
                for name in layer
            }
            layer.sort(key=lambda name: (weights[name], name))
            position |= {name: float(at) for at, name in enumerate(layer)}
    return layers


class _Router:
    """Finds a way for each line; lines to one parent share their way, others run beside them."""

    def __init__(self, places: list[Place]) -> None:
        self._by_name = {place.card.name: place for place in places}
        self._gaps: dict[int, list[float]] = defaultdict(list)
        for place in places:
            # A column is crossed in the gap below each card, or above the first.
            gaps = self._gaps[place.column] or [MARGIN - CARD_GAP / 2]
            self._gaps[place.column] = [*gaps, place.y + place.height + CARD_GAP / 2]
        self._slots: dict[object, dict[str, int]] = defaultdict(dict)

    def wires(self, links: tuple[Reference, ...]) -> tuple[Wire, ...]:
        return tuple(Wire(link, tuple(self._route(link))) for link in links)

    def _route(self, link: Reference) -> list[Point]:
        child, parent = self._by_name[link.child], self._by_name[link.parent]
        start, end = child.row_middle(link.child_row), parent.row_middle(link.parent_row)
        if parent.column >= child.column:
            return self._looped(child, start, parent, end)
        points = [(child.x, start)]
        y = start
        for gutter in range(child.column - 1, parent.column - 1, -1):
            x = self._gutter_x(gutter, link.parent)
            points.append((x, y))
            y = end if gutter == parent.column else self._lane(gutter, y, end, link.parent)
            points.append((x, y))
        return [*points, (parent.x + CARD_WIDTH, end)]

    def _looped(self, child: Place, start: float, parent: Place, end: float) -> list[Point]:
        """Return the way of a line within a column, or to one on the right: along the left."""
        x = child.x - 12 - self._slot(("left", child.column), parent.card.name) * _SLOT
        if parent.column == child.column:
            return [(child.x, start), (x, start), (x, end), (parent.x, end)]
        lane = max(place.y + place.height for place in self._by_name.values()) + CARD_GAP / 2
        into = parent.x - 12
        return [(child.x, start), (x, start), (x, lane), (into, lane), (into, end), (parent.x, end)]

    def _gutter_x(self, gutter: int, parent: str) -> float:
        left = MARGIN + gutter * (CARD_WIDTH + GUTTER) + CARD_WIDTH
        return left + GUTTER - 16 - (self._slot(("gutter", gutter), parent) * _SLOT) % (GUTTER - 32)

    def _lane(self, column: int, y: float, end: float, parent: str) -> float:
        gap = min(self._gaps[column], key=lambda at: abs(at - y) + abs(at - end))
        shift = self._slot(("lane", column, gap), parent)
        return gap + (shift % 4) * _SLOT - _SLOT

    def _slot(self, where: object, parent: str) -> int:
        taken = self._slots[where]
        return taken.setdefault(parent, len(taken))
