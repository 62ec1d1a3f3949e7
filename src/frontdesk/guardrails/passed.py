"""Texts that were found clean: what comes again with each message is checked once."""

import hashlib
import secrets
from collections import OrderedDict

MOST = 20_000
"""At most so many are remembered, the last used: about 5 MB."""


class Passed:
    """Remembers, for each caller and under the checks of that moment, which texts nothing was found
    in: by keyed digests of them, in memory.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most, self._key = most, secrets.token_bytes(16)
        self._known: OrderedDict[bytes, object] = OrderedDict()

    def knows(self, caller: str, text: str, checks: object) -> bool:
        """Whether the text has passed these checks."""
        digest = self._digest(caller, text)
        found = self._known.get(digest) is checks
        if found:
            self._known.move_to_end(digest)
        return found

    def add(self, caller: str, text: str, checks: object) -> None:
        """Remembers it."""
        self._known[self._digest(caller, text)] = checks
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def _digest(self, caller: str, text: str) -> bytes:
        data = f"{len(caller)}:{caller}{text}".encode(errors="surrogatepass")
        return hashlib.blake2b(data, key=self._key, digest_size=16).digest()
