"""A drawing of a result as part of a page: shapes and words only, nothing that acts, fetches or reaches out of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape, unescape
from xml.parsers import expat

from simulator.problems import InputError, input_error, printable

_ELEMENTS = frozenset({"svg", "g", "defs", "path", "use", "text", "tspan", "rect", "image", "clipPath", "pattern"})
_LEFT_OUT = frozenset({"metadata", "style", "title", "desc"})
# What one of these holds may refer to nothing else: references within references grow without bound.
_REFERRED_TO = frozenset({"clipPath", "pattern"})
_NAMED = _REFERRED_TO | {"path"}

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_LENGTH = re.compile(rf"{_NUMBER}(?:px|pt|%)?")
# Characters, not numbers again and again: a pattern with choices within choices takes for ever to fail.
_NUMBERS = re.compile(r"[\d\s,.eE+-]+")
_WORD = re.compile(r"[a-z-]+", re.IGNORECASE)
_COLOUR = re.compile(r"#[0-9a-f]{3,8}|[a-z]+", re.IGNORECASE)
_REFERENCE = re.compile(r"url\(#([\w.:-]+)\)")
_VALUES: Mapping[str, re.Pattern[str]] = {
    "d": re.compile(r"[MLHVCSQTAZ\d\s,.e+-]*", re.IGNORECASE),
    "transform": re.compile(rf"(?:[a-z]+\({_NUMBERS.pattern}\)\s*)*", re.IGNORECASE),
    "viewBox": _NUMBERS,
    **dict.fromkeys(("x", "y", "width", "height", "stroke-width", "font-size", "stroke-dashoffset"), _LENGTH),
    **dict.fromkeys(("fill-opacity", "stroke-opacity", "opacity", "stroke-miterlimit"), _LENGTH),
    **dict.fromkeys(("stroke-dasharray", "font-weight"), re.compile(rf"{_NUMBERS.pattern}|none|bold|normal")),
    **dict.fromkeys(("stroke-linejoin", "stroke-linecap", "text-anchor", "font-style", "fill-rule"), _WORD),
    **dict.fromkeys(("clip-rule", "image-rendering", "patternUnits", "preserveAspectRatio"), _WORD),
    **dict.fromkeys(("fill", "stroke"), re.compile(rf"{_COLOUR.pattern}|{_REFERENCE.pattern}", re.IGNORECASE)),
    "clip-path": _REFERENCE,
}  # fmt: skip
_HREF = ("href", "xlink:href")
_PART = re.compile(r"#([\w.:-]+)")
_PIXELS = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]*")
_STEM = re.compile(r"[A-Za-z][\w-]*", re.ASCII)
_COORDINATE = re.compile(_NUMBER)
_AROUND_COMMANDS = re.compile(r" ?([A-Za-z]) ?")
_LINE_OF_TEXT = re.compile(r"<text([^>]*)>([^<]*)</text>")
_HEIGHT = re.compile(rf"(?: y=\"|translate\({_NUMBER}[\s,]+)({_NUMBER})")
_BELOW_TITLE = 5.0
# Of any value but the steps of a path.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Drawing:
    """What stands inside the ``svg`` element of a page, and its view box; ``has_pixels`` where images are embedded."""

    markup: str
    view_box: str
    has_pixels: bool


def drawing(svg: str, stem: str, title: str) -> Drawing:
    """Take the drawing out of an SVG file as this program writes it; its title is left out where it says ``title``.

    Known shapes and their known looks are written anew; scripts cannot pass, nor references to anything but the drawing
    itself. Raises InputError where it holds something that is never drawn.
    """
    if not _STEM.fullmatch(stem):
        raise _refused(stem, "its name must be of letters, digits, - and _")
    svg, cut = _without_title(svg, stem, title)
    reader = _Reader(stem)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(svg, True)
    except expat.ExpatError as error:
        raise _refused(stem, f"is damaged ({error})") from None
    if missing := sorted(reader.used - reader.paths):
        raise _refused(stem, f"repeats '{missing[0]}', which is no shape of it")
    left, top, width, height = reader.view_box
    cut = max(0.0, min(cut + _BELOW_TITLE, height / 2)) if cut else 0.0
    box = " ".join(f"{value:.6g}" for value in (left, top + cut, width, height - cut))
    return Drawing("".join(reader.parts), box, reader.has_pixels)


class _Reader:
    """Reads an SVG element by element, and keeps what is known."""

    def __init__(self, stem: str) -> None:
        self.stem = stem
        self.parts: list[str] = []
        self.view_box = (0.0, 0.0, 0.0, 0.0)
        self.used: set[str] = set()
        self.paths: set[str] = set()
        self.has_pixels = False
        self._open: list[str] = []
        self._unseen = 0

    def doctype(self, _name: str, _system: str | None, _public: str | None, has_internal_subset: int) -> None:
        """Refuse a document that declares entities of its own."""
        if has_internal_subset:
            raise _refused(self.stem, "declares entities")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Write the start of an element."""
        if self._unseen or name in _LEFT_OUT:
            self._unseen += 1
            return
        if name not in _ELEMENTS or (name == "svg") != (not self._open):
            raise _refused(self.stem, f"holds <{name}>")
        self._open.append(name)
        if name == "svg":
            self.view_box = _box(self.stem, attributes.get("viewBox", ""))
            return
        known = "".join(f' {key}="{escape(value)}"' for key, value in self._known(name, attributes))
        self.parts.append(f"<{name}{known}>")

    def end(self, name: str) -> None:
        """Write the end of an element: the short one where it is empty, none where that draws nothing."""
        if self._unseen:
            self._unseen -= 1
            return
        self._open.pop()
        if name == "svg":
            return
        if self.parts[-1] == f"<{name}>":
            self.parts.pop()
        elif self.parts[-1].startswith(f"<{name} ") and not self.parts[-1].endswith("/>"):
            self.parts[-1] = f"{self.parts[-1][:-1]}/>"
        else:
            self.parts.append(f"</{name}>")

    def text(self, text: str) -> None:
        """Write words; between elements there is only space."""
        if not self._unseen and self._open and self._open[-1] in {"text", "tspan"}:
            self.parts.append(escape(printable(text, keep="\n"), quote=False))

    def _known(self, name: str, attributes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The attributes and looks that are known, looks as attributes: a page then needs no inline styles."""
        for key, value in {**attributes, **dict(_looks(attributes.get("style", "")))}.items():
            if key == "id":
                if name in _NAMED:
                    yield key, self._id(name, value)
            elif key in _HREF:
                yield "href", self._link(name, value)
            elif key in _VALUES:
                nested = "(#" in value and _REFERRED_TO & set(self._open[:-1])
                too_long = key != "d" and len(value) > _LONGEST
                if too_long or nested or not _VALUES[key].fullmatch(value):
                    raise _refused(self.stem, f"holds {key}='{value[:60]}'")
                yield key, _compact(value) if key == "d" else value

    def _id(self, name: str, value: str) -> str:
        if not (value.startswith(f"{self.stem}-") and _PART.fullmatch(f"#{value}")):
            raise _refused(self.stem, f"names a part '{value[:60]}', not '{self.stem}-…'")
        if name == "path":
            self.paths.add(value)
        return value

    def _link(self, name: str, value: str) -> str:
        if name == "use" and (part := _PART.fullmatch(value)):
            self.used.add(part[1])
            return value
        if name == "image" and _PIXELS.fullmatch(value):
            self.has_pixels = True
            return "".join(value.split())
        raise _refused(self.stem, f"refers to '{value[:60]}'")


def _without_title(svg: str, stem: str, title: str) -> tuple[str, float]:
    """Leave out the title as drawn, where it says ``title``; returns how low it reaches [points], 0 where it stays."""
    found = re.search(rf'<g id="{re.escape(stem)}-title">(.*?)</g>', svg, re.DOTALL)
    lines = _LINE_OF_TEXT.findall(found[1]) if found else []
    if found is None or unescape(" ".join(line for _, line in lines)).split() != title.split():
        return svg, 0.0
    heights = [float(height) for attributes, _ in lines for height in _HEIGHT.findall(attributes)]
    return svg[: found.start()] + svg[found.end() :], max(heights, default=0.0)


def _looks(style: str) -> Iterator[tuple[str, str]]:
    """The properties of an inline style."""
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        # Which font is for the page to say.
        if name.strip() in _VALUES:
            yield name.strip(), value.strip()


def _box(stem: str, text: str) -> tuple[float, float, float, float]:
    values = [float(value) for value in _COORDINATE.findall(text)] if _NUMBERS.fullmatch(text) else []
    if len(values) != 4 or not all(abs(value) < 1e6 for value in values) or not (values[2] > 0 and values[3] > 0):
        raise _refused(stem, "has no view box")
    left, top, width, height = values
    return left, top, width, height


def _compact(path: str) -> str:
    """Write the steps of a path without needless space."""
    return _AROUND_COMMANDS.sub(r"\1", " ".join(path.split()))


def _refused(stem: str, what: str) -> InputError:
    message = (
        f"{what}: no drawing of minesim does, so it was changed; repeat the command of the result to draw it again"
    )
    return input_error(message, path=f"{printable(stem)}.svg")
