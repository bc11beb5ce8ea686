"""A laid-out diagram as one self-contained SVG.

Light and dark by the reader's setting, readable without colour (every change has its sign, what
went is struck through), no script, no font and no address to fetch. Every text is escaped: a
table's name is data. Refuses nothing.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from drydock.schema.layout import CARD_WIDTH, HEADER_HEIGHT, MARGIN, ROW_HEIGHT

if TYPE_CHECKING:
    from drydock.schema.cards import Row
    from drydock.schema.layout import Layout, Place, Point, Wire

_ROW_LETTERS = 34  # of the 12 px monospaced type, between the badge and the card's edge
_NOTE_LETTERS = 33
_HEADER_LETTERS = 27
_CORNER = 6

_CLASSES = {"+": "added", "-": "removed", "~": "changed", "": ""}
_SIGNS = {"+": "+", "-": "\N{MINUS SIGN}", "~": "~"}

_KEYS = "PK primary key, FK foreign key, * NOT NULL"
_LETTER = 7.4  # pixels, at most, of a letter in 12px monospace
_MARKS = f"; {_SIGNS['+']} added, {_SIGNS['-']} removed, {_SIGNS['~']} changed"
STYLE = """
.drydock-diagram{--page:#fff;--card:#fff;--edge:#c3cad4;--head:#eef1f5;--ink:#1c2530;--dim:#5b6775;
--wire:#8793a3;--added:#116b33;--added-fill:#dcf5e4;--removed:#a8201f;--removed-fill:#fde4e1;
--changed:#7a5200;--changed-fill:#fdf0cf;max-width:100%;height:auto;background:var(--page)}
@media (prefers-color-scheme:dark){.drydock-diagram{--page:#12171e;--card:#1b222c;--edge:#3a4656;
--head:#252f3b;--ink:#e6ebf1;--dim:#a3b0c0;--wire:#74839a;--added:#6fdc97;--added-fill:#12391f;
--removed:#ff9c94;--removed-fill:#4a1a19;--changed:#f2c55c;--changed-fill:#3f2f08}}
.drydock-diagram text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",
monospace;fill:var(--ink)}
.drydock-diagram .head{font:600 13px system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.drydock-diagram .dim{fill:var(--dim)}
.drydock-diagram .badge{font-size:9px;fill:var(--dim)}
.drydock-diagram .card{fill:var(--card);stroke:var(--edge)}
.drydock-diagram .band{fill:var(--head)}
.drydock-diagram .wire{fill:none;stroke:var(--wire);stroke-width:1.5}
.drydock-diagram .tip{fill:var(--wire);stroke:none}
"""
_SIGN_STYLE = """
.drydock-diagram .{c} .card{{stroke:var(--{c});stroke-width:2}}
.drydock-diagram .{c} .band,.drydock-diagram .fill.{c}{{fill:var(--{c}-fill)}}
.drydock-diagram text.{c},.drydock-diagram .{c} text.head{{fill:var(--{c})}}
.drydock-diagram .{c} .wire{{stroke:var(--{c})}}
.drydock-diagram .{c} .tip{{fill:var(--{c})}}
"""


def drawn(layout: Layout, title: str, *, with_changes: bool) -> str:
    """Return `layout` as SVG; `title` is what a screen reader says of it.

    `with_changes` has the legend explain the signs.
    """
    legend = _KEYS + (_MARKS if with_changes else "")
    # One column of tables is narrower than the legend beneath it.
    wide = f"{max(layout.width, 2 * MARGIN + _LETTER * len(legend)):g}"
    high = f"{layout.height:g}"
    tables = ", ".join(_spoken(place) for place in layout.places)
    signs = "".join(_SIGN_STYLE.format(c=name) for name in _CLASSES.values() if name)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="drydock-diagram" role="img" '
        f'aria-label="{_text(title)}" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}">'
    )
    parts = [
        opening,
        f"<title>{_text(title)}</title><desc>{_text(tables)}</desc>",
        f"<style>{STYLE}{signs}.drydock-diagram text.gone{{text-decoration:line-through}}</style>",
        *(_wire(wire) for wire in layout.wires),
        *(_card(place) for place in layout.places),
        f'<text class="dim" x="{MARGIN}" y="{layout.height - 16:g}">{legend}</text>',
        "</svg>\n",
    ]
    return "\n".join(parts)


def _spoken(place: Place) -> str:
    sign = _CLASSES[place.card.sign]
    return f"{place.card.name} ({sign})" if sign else place.card.name


def _text(text: str) -> str:
    """Return `text` for SVG: escaped, and without the characters that XML cannot hold."""
    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))


def _short(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: max(1, letters - 1)] + "…"


def _card(place: Place) -> str:
    card, x, y = place.card, place.x, place.y
    sign = f"{_SIGNS[card.sign]} " if card.sign else ""
    name = _short(sign + card.name, _HEADER_LETTERS - (len(card.kind) + 1 if card.kind else 0))
    gone = " gone" if card.sign == "-" else ""
    box = f'x="{x:g}" y="{y:g}" width="{CARD_WIDTH}" height="{place.height:g}" rx="6"'
    side, top = HEADER_HEIGHT - 7, CARD_WIDTH - 14
    band = f"M{x + 1:g} {y + HEADER_HEIGHT:g}v-{side}q0-6 6-6h{top}q6 0 6 6v{side}z"
    lines = [
        f'<g class="{_CLASSES[card.sign]}"><title>{_text(_spoken(place))}</title>',
        f'<rect class="card" {box}/><path class="band" d="{band}"/>',
        f'<text class="head{gone}" x="{x + 12:g}" y="{y + 20:g}">{_text(name)}</text>',
    ]
    if card.kind:
        lines.append(_right(x, y + 20, "badge", card.kind))
    lines += [_row(row, x, y + HEADER_HEIGHT + ROW_HEIGHT * at) for at, row in enumerate(card.rows)]
    return "".join([*lines, "</g>"])


def _row(row: Row, x: float, y: float) -> str:
    sign = _CLASSES[row.sign]
    gone = " gone" if row.sign == "-" else ""
    base = y + 15
    parts = [f"<g><title>{_text(row.title)}</title>"]
    if row.sign:
        parts.append(
            f'<rect class="fill {sign}" x="{x + 1:g}" y="{y + 1:g}" width="{CARD_WIDTH - 2}" '
            f'height="{ROW_HEIGHT}"/><text class="{sign}" x="{x + 5:g}" y="{base:g}">'
            f"{_SIGNS[row.sign]}</text>"
        )
    note = not row.badge and row.title == row.name
    text = _short(row.text, _ROW_LETTERS // 2)
    letters = _NOTE_LETTERS if note else _ROW_LETTERS - (len(text) + 2 if text else 0)
    start = x + (18 if note else 46)
    name = _short(row.name, letters - (0 if note else 4)) + ("*" if row.required else "")
    if row.badge:
        parts.append(
            f'<text class="badge" x="{x + 16:g}" y="{base - 1:g}">{_text(row.badge)}</text>'
        )
    parts.append(f'<text class="{sign}{gone}" x="{start:g}" y="{base:g}">{_text(name)}</text>')
    if text:
        parts.append(_right(x, base, f"dim{gone}", text))
    return "".join([*parts, "</g>"])


def _right(x: float, base: float, css: str, text: str) -> str:
    return (
        f'<text class="{css}" x="{x + CARD_WIDTH - 10:g}" y="{base:g}" text-anchor="end">'
        f"{_text(text)}</text>"
    )


def _wire(wire: Wire) -> str:
    sign = wire.reference.sign
    label = f" ({_CLASSES[sign]})" if sign else ""
    dashes = ' stroke-dasharray="5 4"' if sign == "-" else ""
    (before, _), (x, y) = wire.points[-2:]
    inward = 7 if before > x else -7  # the tip points at the parent's card
    tip = f"M{x:g} {y:g}l{inward} -4v8z"
    return (
        f'<g class="{_CLASSES[sign]}"><title>{_text(wire.reference.title + label)}</title>'
        f'<path class="wire" d="{_rounded(wire.points)}"{dashes}/><path class="tip" d="{tip}"/></g>'
    )


def _rounded(points: tuple[Point, ...]) -> str:
    """Return the path through `points`, which are joined at right angles, with round corners."""
    path = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        entry, leave = _toward(corner, before), _toward(corner, after)
        path.append(f"L{entry[0]:g} {entry[1]:g}Q{corner[0]:g} {corner[1]:g} ")
        path.append(f"{leave[0]:g} {leave[1]:g}")
    path.append(f"L{points[-1][0]:g} {points[-1][1]:g}")
    return "".join(path)


def _toward(corner: Point, other: Point) -> Point:
    """Return the point on the way from `corner` to `other` where its rounding ends."""
    across, down = other[0] - corner[0], other[1] - corner[1]
    length = abs(across) + abs(down)
    step = min(_CORNER, length / 2) / length if length else 0
    return corner[0] + across * step, corner[1] + down * step
