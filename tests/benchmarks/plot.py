"""The rows that stand beside something, as a bar chart of ratios in SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from measure import Row

_WIDTH, _LEFT, _BAR, _TOP = 1_000, 520, 22, 56
_DECADES = 3
"""From 1/1000 to 1000 times as fast."""
_PLAIN = str.maketrans("", "", "`")


def draw(rows: Sequence[Row], path: Path) -> None:
    """Write the chart: how many times as fast as each peer, on a logarithmic scale; right of the line is faster."""
    bars = [
        (row, name, _faster(row, name)) for row in rows for name in row.beside if not row.group.startswith("Growth")
    ]
    height = _TOP + _BAR * len(bars) + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif"'
        ' font-size="11">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        '<text x="10" y="20" font-size="15">taskstore beside its peers and the floors: times as fast</text>',
        *_grid(height),
        *(part for number, bar in enumerate(bars) for part in _bar(number, *bar)),
        "</svg>",
    ]
    path.write_text("\n".join(parts) + "\n")


def _faster(row: Row, name: str) -> float:
    return row.ratio(name) if row.unit == "/s" else 1 / row.ratio(name)


def _x(ratio: float) -> float:
    share = (min(max(math.log10(ratio), -1), _DECADES) + 1) / (_DECADES + 1)
    return _LEFT + share * (_WIDTH - _LEFT - 70)


def _grid(height: int) -> list[str]:
    parts = []
    for power in range(-1, _DECADES + 1):
        x, color = _x(10.0**power), "#333" if power == 0 else "#ddd"
        parts.append(f'<line x1="{x:.0f}" y1="{_TOP - 8}" x2="{x:.0f}" y2="{height - 20}" stroke="{color}"/>')
        parts.append(f'<text x="{x:.0f}" y="{_TOP - 12}" text-anchor="middle">{10.0**power:g} ×</text>')
    return parts


def _bar(number: int, row: Row, name: str, ratio: float) -> list[str]:
    y = _TOP + _BAR * number
    start, end = sorted((_x(1), _x(ratio)))
    color = "#2a7f62" if ratio >= 1 else "#b5651d"
    label = escape(f"{row.what} / {name}".translate(_PLAIN))
    label = label if len(label) <= 88 else f"{label[:87]}…"
    return [
        f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{label}</text>',
        f'<rect x="{start:.1f}" y="{y + 3}" width="{max(end - start, 1):.1f}" height="{_BAR - 8}" fill="{color}"/>',
        f'<text x="{_x(ratio) + (5 if ratio >= 1 else -5):.0f}" y="{y + 14}"'
        f' text-anchor="{"start" if ratio >= 1 else "end"}">{ratio:.3g} ×</text>',
    ]
