"""Tables in Markdown, as the terminal and the documentation show them."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from bench.rounds import Spread

Cell: TypeAlias = str | int | float | Spread | None


def table(rows: Sequence[Mapping[str, Cell]]) -> str:
    """The rows under the names of the first one; numbers stand to the right."""
    head = list(rows[0])
    lines = [head, *([shown(row[name]) for name in head] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    right = [not isinstance(rows[0][name], str) for name in head]
    rule = ["-" * (w - 1) + ":" if r else "-" * w for w, r in zip(widths, right, strict=True)]
    return "\n".join(_line(line, widths, right) for line in (head, rule, *lines[1:]))


def shown(cell: Cell) -> str:
    """A value for reading: three digits where they matter, a spread as `median [least-most]`."""
    if cell is None:
        return "-"
    if isinstance(cell, Spread):
        return f"{shown(cell.median)} [{shown(cell.least)}-{shown(cell.most)}]"
    if isinstance(cell, int | float) and cell == int(cell):
        return f"{cell:,.0f}"
    if isinstance(cell, float):
        digits = 0 if cell >= 100 else 1 if cell >= 10 else 2 if cell >= 1 else 3
        return f"{cell:,.{digits}f}"
    return str(cell)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = (
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    )
    return f"| {' | '.join(padded)} |"
