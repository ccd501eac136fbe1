"""SVG from strangers: only what draws survives, nothing that runs, fetches or refers outside the file.

The parser is expat with every declaration of a DTD refused, so there are no entities to expand and none to fetch. What
it reports is written anew through lists of what is known to draw; everything else is left out.
"""

from __future__ import annotations

import re
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from uploads.imaging.errors import ImageRejected, too_complex, unreadable

SVG_NAMESPACE = "http://www.w3.org/2000/svg"
XLINK_NAMESPACE = "http://www.w3.org/1999/xlink"
MAX_DEPTH = 200
MAX_ELEMENTS = 200_000
MAX_PARSED_BYTES = 25 * 1024 * 1024

_CONTAINERS = {
    "svg", "g", "defs", "symbol", "switch", "a", "clipPath", "mask", "pattern", "marker", "filter",
    "linearGradient", "radialGradient", "stop", "title", "desc", "style",
}  # fmt: skip
_DRAWING = {
    "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "textPath", "image", "use",
}  # fmt: skip
_FILTERS = {
    "feBlend", "feColorMatrix", "feComponentTransfer", "feComposite", "feConvolveMatrix", "feDiffuseLighting",
    "feDisplacementMap", "feDistantLight", "feDropShadow", "feFlood", "feFuncA", "feFuncB", "feFuncG", "feFuncR",
    "feGaussianBlur", "feMerge", "feMergeNode", "feMorphology", "feOffset", "fePointLight", "feSpecularLighting",
    "feSpotLight", "feTile", "feTurbulence",
}  # fmt: skip
_KNOWN = _CONTAINERS | _DRAWING | _FILTERS

_LOCAL_URL = re.compile(r"url\(\s*(['\"]?)#[\w.:-]+\1\s*\)", re.IGNORECASE)
_LOCAL_REFERENCE = re.compile(r"#[\w.:-]+")
_RASTER_DATA = re.compile(r"data:image/(?:png|jpe?g|webp|gif);base64,[A-Za-z0-9+/=\s]+", re.IGNORECASE)
# An escape or a comment in CSS can hide any of the others, so it counts as one.
_CSS_DANGER = re.compile(
    r"url\(|@import|@font-face|expression|javascript:|-moz-binding|behavior|\\|/\*", re.IGNORECASE
)
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_STATEMENT = re.compile(r"@[^{};]*;")
_CSS_RULE = re.compile(r"[^{}]*\{[^{}]*\}")
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w.-]*")


def sanitised(data: bytes) -> bytes:
    """The drawing without anything that could run, fetch or refer outside the file, as UTF-8 bytes of a new document.

    Raises ImageRejected: `unreadable` for what is not well-formed or declares entities, `too_complex` for very deep,
    long or large documents, `nothing_drawn` for a document in which nothing is left that draws.
    """
    if len(data) > MAX_PARSED_BYTES:
        raise too_complex("larger than is parsed")
    writer = _Writer()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    parser.EntityDeclHandler = _refuse_declaration
    parser.UnparsedEntityDeclHandler = _refuse_declaration
    parser.ExternalEntityRefHandler = _refuse_declaration
    parser.ElementDeclHandler = _refuse_declaration
    parser.AttlistDeclHandler = _refuse_declaration
    try:
        parser.Parse(data, True)
    except (
        expat.ExpatError,
        ValueError,
        LookupError,
    ) as error:  # the last two: an encoding that Python lacks
        raise unreadable(str(error)) from error
    if not writer.draws:
        raise ImageRejected(
            "nothing_drawn", "Invalid file type. The SVG file holds nothing that can be printed."
        )
    return writer.document()


def _refuse_declaration(*declaration: object) -> int:
    raise ImageRejected(
        "unreadable", "SVG files that declare entities are not accepted. Please save it as a plain SVG."
    )


class _Writer:
    """Receives the parser's reports and keeps what draws."""

    def __init__(self) -> None:
        self.draws = False
        self._parts: list[str] = []
        self._open: list[str] = []
        self._skipped_depth = 0
        self._elements = 0
        self._css: list[str] | None = None

    def document(self) -> bytes:
        return '<?xml version="1.0" encoding="UTF-8"?>\n{}\n'.format("".join(self._parts)).encode()

    def start(self, qualified: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._open) > MAX_DEPTH:
            raise too_complex("too many or too deep elements")
        name = _svg_name(qualified)
        if self._skipped_depth or name is None or self._css is not None or (not self._open and name != "svg"):
            self._skipped_depth += 1
            return
        kept = dict(_kept_attributes(name, attributes))
        if not self._open:
            kept = {"xmlns": SVG_NAMESPACE, "xmlns:xlink": XLINK_NAMESPACE, **kept}
        self.draws = self.draws or name in _DRAWING
        self._open.append(name)
        self._css = [] if name == "style" else None
        self._parts.append(f"<{name}{''.join(f' {key}={quoteattr(text)}' for key, text in kept.items())}>")

    def end(self, qualified: str) -> None:
        if self._skipped_depth:
            self._skipped_depth -= 1
            return
        if self._css is not None:
            self._parts.append(escape(_kept_css("".join(self._css))))
            self._css = None
        self._parts.append(f"</{self._open.pop()}>")

    def text(self, text: str) -> None:
        if self._skipped_depth or not self._open:
            return
        if self._css is not None:
            self._css.append(text)
        else:
            self._parts.append(escape(text))


def _svg_name(qualified: str) -> str | None:
    namespace, _, name = qualified.rpartition(" ")
    return name if namespace in ("", SVG_NAMESPACE) and name in _KNOWN else None


def _kept_attributes(element: str, attributes: dict[str, str]) -> list[tuple[str, str]]:
    kept = []
    for qualified, text in attributes.items():
        namespace, _, name = qualified.rpartition(" ")
        if not _PLAIN_NAME.fullmatch(name) or name.lower().startswith("on"):
            continue
        if name == "href" and namespace in ("", XLINK_NAMESPACE):
            if _may_refer(element, text.strip()):
                kept.append(("xlink:href", text.strip()))
        elif namespace == "http://www.w3.org/XML/1998/namespace" and name in ("space", "lang"):
            kept.append((f"xml:{name}", text))
        elif namespace == "" and not _CSS_DANGER.search(_LOCAL_URL.sub("", text)):
            kept.append((name, text))
    return kept


def _may_refer(element: str, target: str) -> bool:
    if element == "a":
        return False
    if _LOCAL_REFERENCE.fullmatch(target):
        return True
    return element == "image" and _RASTER_DATA.fullmatch(target) is not None


def _kept_css(css: str) -> str:
    """The rules of a stylesheet that only style: each one with anything else in it is left out as a whole."""
    rules = _CSS_RULE.findall(_CSS_STATEMENT.sub(" ", _CSS_COMMENT.sub(" ", css)))
    return "".join(rule for rule in rules if not _CSS_DANGER.search(_LOCAL_URL.sub("", rule)))
