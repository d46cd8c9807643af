"""The study's figures as plain SVG: intervals of differences, and probes against scores."""

from dataclasses import dataclass
from html import escape

FONT = 'font-family="sans-serif" font-size="13"'
COLOURS = {"vmamba": "#b2182b", "vit": "#2166ac", "convnext": "#4d9221", "blind": "#666666"}


@dataclass
class Bar:
    """A value with its interval, in points."""

    label: str
    value: float
    low: float
    high: float
    colour: str = "#333333"


def frame(width: int, height: int, title: str, body: list[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {FONT}>'
    top = f'<text x="{width / 2:.0f}" y="22" text-anchor="middle" font-size="15">{escape(title)}</text>'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', top, *body, "</svg>"]) + "\n"


def ticks(low: float, high: float) -> list[float]:
    """Round numbers over an interval."""
    span = max(high - low, 1e-6)
    step = next(s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if span / s <= 9 or s == 50)
    first = int(low // step)
    return [k * step for k in range(first, first + 2 + int(span / step)) if low <= k * step <= high]


def forest(title: str, groups: list[tuple[str, list[Bar]]], axis: str) -> str:
    """Rows of values with their intervals, and a line at 0."""
    bars = [bar for _, group in groups for bar in group]
    low, high = min([0.0, *(b.low for b in bars)]), max([0.0, *(b.high for b in bars)])
    pad = 0.05 * max(high - low, 1.0)
    low, high, left, right, row = low - pad, high + pad, 250, 660, 22
    x = lambda v: left + (right - left) * (v - low) / (high - low)  # noqa: E731
    body, y = [], 52
    height = 52 + sum(row * (len(group) + 1) + 6 for _, group in groups) + 48
    for tick in ticks(low, high):
        colour = "#555" if tick == 0 else "#ddd"
        body.append(f'<path d="M{x(tick):.1f} 40V{height - 44}" stroke="{colour}"/>')
        body.append(f'<text x="{x(tick):.1f}" y="{height - 28}" text-anchor="middle">{tick:g}</text>')
    for name, group in groups:
        body.append(f'<text x="12" y="{y + 4}" font-weight="bold">{escape(name)}</text>')
        for bar in group:
            y += row
            body.append(f'<text x="28" y="{y + 4}">{escape(bar.label)}</text>')
            body.append(f'<path d="M{x(bar.low):.1f} {y}H{x(bar.high):.1f}" stroke="{bar.colour}" stroke-width="2"/>')
            body.append(f'<circle cx="{x(bar.value):.1f}" cy="{y}" r="4.5" fill="{bar.colour}"/>')
        y += row + 6
    body.append(f'<text x="{(left + right) / 2:.0f}" y="{height - 8}" text-anchor="middle">{escape(axis)}</text>')
    return frame(700, height, title, body)


def free_place(x: float, y: float, length: int, taken: list) -> tuple[float, float, float, bool]:
    """Start, length and height of a dot's label, and whether it lies left of the dot: the nearest place that no other has."""
    for up in range(0, 200, 13):
        for left in (False, True):
            start = x - 9 - length if left else x + 9
            free = all(abs(y - up - v) >= 13 or start >= u + w or u >= start + length for u, w, v in taken)
            if free and start >= 75 and start + length <= 655:
                return start, length, y - up, left
    return x + 9, length, y, False


def scatter(title: str, points: list[tuple[str, float, float]], axes: tuple[str, str]) -> str:
    """One named dot per encoder, coloured by its family."""
    xs, ys = [p[1] for p in points], [p[2] for p in points]
    spread = lambda v: (min(v) - 0.08 * (max(v) - min(v) + 1), max(v) + 0.12 * (max(v) - min(v) + 1))  # noqa: E731
    (x0, x1), (y0, y1) = spread(xs), spread(ys)
    x = lambda v: 70 + 560 * (v - x0) / (x1 - x0)  # noqa: E731
    y = lambda v: 370 - 320 * (v - y0) / (y1 - y0)  # noqa: E731
    body = ['<path d="M70 50V370H630" fill="none" stroke="#555"/>']
    for t in ticks(x0, x1):
        body.append(f'<path d="M{x(t):.1f} 50V370" stroke="#eee"/>')
        body.append(f'<text x="{x(t):.1f}" y="388" text-anchor="middle">{t:g}</text>')
    for t in ticks(y0, y1):
        body.append(f'<path d="M70 {y(t):.1f}H630" stroke="#eee"/>')
        body.append(f'<text x="62" y="{y(t) + 4:.1f}" text-anchor="end">{t:g}</text>')
    # Dots first: no label may lie on one.
    taken = [(x(a) - 6, 12.0, y(b) + 4) for _, a, b in points]
    for name, a, b in sorted(points, key=lambda p: p[2]):
        colour = COLOURS.get(name.split("-")[0], "#333333")
        start, length, at, left = free_place(x(a), y(b) + 4, 7 * len(name), taken)
        taken.append((start, length, at))
        side = 'text-anchor="end"' if left else ""
        body.append(f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="5" fill="{colour}"/>')
        body.append(f'<text x="{x(a) + (-9 if left else 9):.1f}" y="{at:.1f}" {side}>{escape(name)}</text>')
    body.append(f'<text x="350" y="412" text-anchor="middle">{escape(axes[0])}</text>')
    body.append(f'<text x="20" y="210" text-anchor="middle" transform="rotate(-90 20 210)">{escape(axes[1])}</text>')
    return frame(660, 424, title, body)
