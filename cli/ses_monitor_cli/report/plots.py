"""Plots as inline SVG: drawn with attributes and classes of the page's own style, described for whoever cannot see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ses_monitor_cli.report.markup import Content, Markup, element, words

WIDTH, HEIGHT = 320, 130
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 10, 22


@dataclass(frozen=True, slots=True)
class Limit:
    """A line drawn across, with its name."""

    value: float
    name: str


@dataclass(frozen=True, slots=True)
class Plot:
    """One measure over time. Values of None leave a gap: not known is not zero."""

    name: str
    """Unique in the page: it names the SVG's title and description."""
    title: str
    description: str
    starts: tuple[str, ...]
    values: tuple[float | None, ...]
    is_share: bool = False
    bars: bool = False
    limits: tuple[Limit, ...] = ()


def drawn(plot: Plot) -> Markup:
    """Draw it."""
    top = _top(plot)
    children: list[Content] = [
        words("title", plot.title, id=f"{plot.name}-t"),
        words("desc", plot.description, id=f"{plot.name}-d"),
        *_axes(plot, top),
        *(_limit(limit, top, number) for number, limit in enumerate(plot.limits) if limit.value <= top),
        *(_bars(plot, top) if plot.bars else _line(plot, top)),
    ]
    return element(
        "svg",
        *children,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_labelledby=f"{plot.name}-t {plot.name}-d",
    )


def shown(value: float | None, *, is_share: bool) -> str:
    """Write a value as people read it."""
    if value is None:
        return "not known"
    if not is_share:
        return f"{value:,.0f}"
    percent = value * 100
    return "0 %" if not percent else f"{percent:.{0 if percent >= 10 else 1 if percent >= 1 else 2}f} %"


def _top(plot: Plot) -> float:
    """Return the upper end of the scale: above every value, and above each line of SES that is not far off."""
    highest = max((each for each in plot.values if each is not None), default=0.0)
    for limit in plot.limits:
        highest = max(highest, limit.value)
    if not plot.is_share:
        highest = max(highest, 4)
    return highest * 1.08 if plot.is_share else _round(highest)


def _round(value: float) -> float:
    step = 10.0 ** (len(str(int(value))) - 1)
    return next(step * each for each in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * each >= value)


def _x(place: float, count: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (place + 0.5) / max(count, 1), 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value / top, 1.0), 1)


def _axes(plot: Plot, top: float) -> list[Markup]:
    base = HEIGHT - BOTTOM
    made = [element("line", class_="axis", x1=LEFT, y1=base, x2=WIDTH - RIGHT, y2=base)]
    made.append(words("text", "0", class_="tick", x=LEFT - 5, y=base + 3, text_anchor="end"))
    if not plot.limits:
        said = shown(top, is_share=plot.is_share)
        made.append(words("text", said, class_="tick", x=LEFT - 5, y=TOP + 4, text_anchor="end"))
    if plot.starts:
        made.append(words("text", plot.starts[0], class_="tick", x=LEFT, y=HEIGHT - 6))
        made.append(words("text", plot.starts[-1], class_="tick", x=WIDTH - RIGHT, y=HEIGHT - 6, text_anchor="end"))
    return made


def _limit(limit: Limit, top: float, number: int) -> Markup:
    y = _y(limit.value, top)
    return element(
        "g",
        element("line", class_=f"limit limit{number}", x1=LEFT, y1=y, x2=WIDTH - RIGHT, y2=y),
        words("text", shown(limit.value, is_share=True), class_="tick", x=LEFT - 5, y=y + 3, text_anchor="end"),
        words("text", limit.name, class_="tick", x=LEFT + 4, y=y - 2 if y > TOP + 8 else y + 9),
    )


def _bars(plot: Plot, top: float) -> list[Markup]:
    count = len(plot.values)
    width = round(max((WIDTH - LEFT - RIGHT) / max(count, 1) * 0.7, 1), 1)
    return [
        element(
            "rect",
            class_="bar",
            x=round(_x(place, count) - width / 2, 1),
            y=_y(value, top),
            width=width,
            height=round(HEIGHT - BOTTOM - _y(value, top), 1),
        )
        for place, value in enumerate(plot.values)
        if value
    ]


def _line(plot: Plot, top: float) -> list[Markup]:
    made: list[Markup] = []
    for run in _runs(plot.values):
        places = [(_x(place, len(plot.values)), _y(value, top)) for place, value in run]
        if len(places) > 1:
            made.append(element("polyline", class_="course", points=" ".join(f"{x},{y}" for x, y in places)))
        made += [element("circle", class_="point", cx=x, cy=y, r=2) for x, y in places]
    return made


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    runs: list[list[tuple[int, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((place, value))
    return [run for run in runs if run]
