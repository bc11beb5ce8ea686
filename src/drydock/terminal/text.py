"""Text that fits: cleaned, measured in columns, shortened and wrapped. Pure.

A line's width is what a terminal makes of it: a Chinese character takes two columns, a combining
accent none. Nothing here knows of colours, so text is fitted first and painted after.
"""

from __future__ import annotations

import re

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LAST = 12  # columns of a table's last cell, at least
_COMMAND = re.compile(
    r"(?<![\w/.-])(?:[\w/.-]*/)?(?:inv|drydock|python -m|sqlite3|mv|cp|git|kill|ls|[A-Z]+=\S+)"
    r" [^;,()\n]*(?<! )|(?:--|#) drydock: allow [\w-]+: \w+"
)
_JOINED = "\ue000"  # stands for a space where no line may end
_SPACE = re.compile(r"\s+")


def safe(text: str) -> str:
    """Return `text` without terminal escapes and control characters, but for line ends and tabs."""
    return _CONTROL.sub("", text)


def one_line(text: str) -> str:
    """Return `text` cleaned, with every run of white space as one space."""
    return _SPACE.sub(" ", safe(text)).strip()


def width_of(text: str) -> int:
    """Return how many columns `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    import unicodedata

    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def shortened(text: str, width: int) -> str:
    """Return `text` in at most `width` columns, with ``…`` where its end was cut off."""
    if width_of(text) <= width:
        return text
    kept, room = "", width - 1
    for letter in text:
        room -= _columns(letter)
        if room < 0:
            break
        kept += letter
    return kept.rstrip() + "…"


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` filled with spaces to `width` columns."""
    space = " " * max(0, width - width_of(text))
    return space + text if right else text + space


def wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """Return `text` in lines of at most `width` columns, broken at spaces.

    A word that is too long by itself, a path for example, keeps its line: a path that is broken
    cannot be copied.

    Args:
        text: What to say; its line ends are kept.
        width: Columns of a line, the opening included.
        first: What the first line opens with.
        rest: What every other line opens with.
    """
    lines: list[str] = []
    for paragraph in safe(text).splitlines() or [""]:
        opening = rest if lines else first
        if width_of(opening + paragraph) <= width:
            lines.append((opening + paragraph).rstrip())
            continue
        line, is_empty = opening, True
        for word in paragraph.split():
            gap = "" if is_empty else " "
            if not is_empty and width_of(line) + len(gap) + width_of(word) > width:
                lines.append(line)
                line, gap = rest, ""
            line, is_empty = f"{line}{gap}{word}", False
        lines.append(line)
    return lines


def wrapped_whole(text: str, width: int, *, first: str, rest: str) -> list[str]:
    """Return `text` as `wrapped` does, but with each command in it on a line of its own making.

    A command that is broken by us cannot be copied; one that is too long is left to the terminal.
    """
    kept = _COMMAND.sub(lambda found: found[0].replace(" ", _JOINED), safe(text))
    lines = wrapped(kept, width, first=first, rest=rest)
    return [line.replace(_JOINED, " ") for line in lines]


def table(rows: list[tuple[str, ...]], *, right: frozenset[int], width: int) -> list[str]:
    """Return `rows`, the first of them the heads, in aligned columns of at most `width` in all.

    The last column takes what the others leave, and goes on below where that is not enough; where
    they leave nothing, lines are longer than `width`.

    Args:
        rows: Cells, cleaned; each row with as many as the first.
        right: The columns whose cells stand at the right, as numbers do.
        width: Columns of a line.
    """
    cells = list(zip(*rows, strict=True))
    widths = [max(width_of(cell) for cell in column) for column in cells[:-1]]
    taken = sum(widths) + 2 * len(widths)
    left = max(_LAST, width - taken)
    lines: list[str] = []
    for row in rows:
        shown = [
            padded(cell, room, right=at in right)
            for at, (cell, room) in enumerate(zip(row[:-1], widths, strict=True))
        ]
        first, *rest = wrapped(row[-1], left)
        lines += ["  ".join([*shown, shortened(first, left)]).rstrip()]
        lines += [" " * taken + shortened(each, left) for each in rest]
    return lines
