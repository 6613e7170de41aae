"""SVG as it is written: named and described for screen readers, small, and with ids that fit on one page with others.

Matplotlib writes every point of a band and repeats styles; what no eye can tell apart is left out here: points within
a twentieth of a point of the line through their neighbours, and digits below a tenth of a point.
"""

import re
from xml.sax.saxutils import escape

import numpy as np

from simulator.clocks import Array
from simulator.figure_descriptions import description

_FONT = "font-family: 'DejaVu Sans'"
# Verdana is as wide as DejaVu Sans and is on most machines without it.
_ROOT_STYLE = "stroke-linejoin: round; stroke-linecap: butt; font-family: 'DejaVu Sans',Verdana,sans-serif"
_TAG = re.compile(r"<[^>]+>")
_ID = re.compile(r'( id="|url\(#|href="#)')
_PATH = re.compile(r'(?<= d=")[^"]*')
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_POINTS = re.compile(r"M[^MZzCQ]*")
_WITHIN = 0.05
_FEWEST = 12


def finished(drawing: str, stem: str, title: str, footer: str) -> bytes:
    """Return a drawing by Matplotlib as it is written: ``stem`` before all ids, its title and description as its first
    children.
    """
    small = _TAG.sub(lambda tag: _compact(tag[0], stem), drawing)
    small = re.sub(r"\s*<metadata>.*?</metadata>", "", small, flags=re.DOTALL)
    small = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", small, count=1, flags=re.DOTALL)
    small = re.sub(r"\n\s*", "\n", small)
    root = small.index("<svg ")
    end = small.index(">", root)
    names = f"{stem}-title-words", f"{stem}-description"
    head = (
        f' role="img" aria-labelledby="{" ".join(names)}" style="{_ROOT_STYLE}">'
        f'\n<title id="{names[0]}">{_words(title)}</title>'
        f'\n<desc id="{names[1]}">{_words(description(stem))} {_words(footer)}</desc>'
    )
    return (small[:end] + head + small[end + 1 :]).encode()


def thinned_line(points: Array, within: float = _WITHIN) -> Array:
    """Leave out points of a line [n, 2] that lie within a distance of the line without them; the ends stay.

    After Douglas and Peucker (1973): kinks stay where they are.
    """
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    parts = [(0, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        away = _distances(points[first + 1 : last], points[first], points[last])
        farthest = int(np.argmax(away))
        if away[farthest] > within:
            middle = first + 1 + farthest
            keep[middle] = True
            parts += [(first, middle), (middle, last)]
    return np.asarray(points[keep])


def _distances(points: Array, start: Array, end: Array) -> Array:
    """Return how far points [n, 2] lie from the straight line between two others, [n]."""
    along = end - start
    length = float(np.dot(along, along))
    from_start = points - start
    if length == 0:
        return np.asarray(np.hypot(from_start[:, 0], from_start[:, 1]))
    share = (from_start @ along / length).clip(0.0, 1.0)
    off = from_start - share[:, None] * along
    return np.asarray(np.hypot(off[:, 0], off[:, 1]))


def _compact(tag: str, stem: str) -> str:
    """Put ``stem`` before the ids in a tag, and leave out what is not seen."""
    tag = _ID.sub(rf"\g<1>{stem}-", tag)
    if tag.startswith("<text"):
        tag = re.sub(r' transform="rotate\(-?0 [^)]*\)"', "", tag).replace(f" {_FONT};", "").replace(f"; {_FONT}", "")
    elif tag.startswith("<path"):
        tag = _PATH.sub(lambda path: _POINTS.sub(_thinned, path[0]), tag)
    return _NUMBER.sub(lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), tag)


def _thinned(piece: re.Match[str]) -> str:
    """Write a piece of a path of straight lines with as few points as are seen."""
    text = piece[0].replace("M", " ").replace("L", " ")
    numbers = np.array(text.split(), dtype=float)
    points = numbers.reshape(-1, 2)
    if len(points) >= _FEWEST:
        points = thinned_line(points)
    return "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in points.tolist())


def _short(value: float) -> str:
    return (
        f"{value:.1f}".removesuffix(".0").replace("-0", "0") if abs(value) < 0.05 else f"{value:.1f}".removesuffix(".0")
    )


def _words(text: str) -> str:
    """Write a text for a file: on one line, without characters that XML does not allow."""
    return escape(" ".join("".join(character if character.isprintable() else " " for character in text).split()))
