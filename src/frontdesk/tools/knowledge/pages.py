"""HTML pages as their headings and the text that a reader would see."""

from collections.abc import Iterator
from html.parser import HTMLParser

from frontdesk.tools.knowledge.passages import Heading

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_UNSEEN = frozenset({"head", "script", "style", "template", "noscript", "svg", "iframe"})
_CELLS = frozenset({"td", "th"})
_WITHIN_A_LINE = _CELLS | frozenset(
    """a abbr b bdi bdo cite code em i kbd mark q s samp small span strong sub sup u var
    wbr""".split()  # noqa: SIM905  # shorter so
)
_PARAGRAPHS = frozenset({"p", "div", "ul", "ol", "dl", "table", "blockquote", "pre", "section"})


def page(text: str) -> Iterator[Heading | str]:
    """The headings of an HTML page and the lines between them."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.end_line()
    yield from reader.parts


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[Heading | str] = []
        self._line: list[str] = []
        self._level = 0
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag == "body":
            self._unseen = []  # it ends a head that nobody closed
        if tag not in _WITHIN_A_LINE:
            self.end_line()
        self._level = _HEADINGS.get(tag, self._level)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        if tag not in _WITHIN_A_LINE:
            self.end_line()

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN and tag in self._unseen:
            while self._unseen.pop() != tag:
                pass
        if tag in _CELLS:
            self._line.append(" ")
        elif tag not in _WITHIN_A_LINE:
            self.end_line()
        if tag in _HEADINGS:
            self._level = 0
        elif tag in _PARAGRAPHS:
            self.parts.append("")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._line.append(data)

    def end_line(self) -> None:
        """Takes what was read since the last line as a line, or as a heading."""
        if text := " ".join("".join(self._line).split()):
            self.parts.append(Heading(self._level, text) if self._level else text)
            self._level = 0
        self._line = []
