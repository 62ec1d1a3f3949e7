"""Where an answer ends because the client said so: at the first of its stop texts."""

from collections.abc import Sequence


class Stops:
    """Lets text through until one of the stop texts, which may come in pieces."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._most = max(map(len, self._stops), default=1) - 1
        self._held = ""
        self.met = False

    def take(self, text: str) -> str:
        """What of the text so far can be shown now."""
        if self.met:
            return ""
        text = self._held + text
        places = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if places:
            self.met, self._held = True, ""
            return text[: min(places)]
        keep = self._begun(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> str:
        """What was held back; nothing follows any more."""
        held, self._held = self._held, ""
        return held

    def _begun(self, text: str) -> int:
        """How many of its last characters may begin a stop text."""
        for size in range(min(self._most, len(text)), 0, -1):
            if any(stop.startswith(text[-size:]) for stop in self._stops):
                return size
        return 0
