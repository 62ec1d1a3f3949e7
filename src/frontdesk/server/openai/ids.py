"""One thing, several names: `turn_X` is `chatcmpl-X` and `resp_X`, `sess_X` is `conv_X`."""

import hashlib
import hmac
import re

PLAIN = re.compile(r"[A-Za-z0-9]{1,59}")


def renamed(own_id: str, prefix: str) -> str:
    """An id of ours under OpenAI's prefix: `turn_X` as `chatcmpl-X`."""
    return prefix + own_id.partition("_")[2]


def own(given: str, prefix: str, kind: str) -> str | None:
    """The id of ours (`kind` is `turn` or `sess`) behind one of OpenAI's; None for a malformed
    one, which is a thing that does not exist.
    """
    stem = given.removeprefix(prefix)
    plain = given.startswith(prefix) and PLAIN.fullmatch(stem)
    return f"{kind}_{stem}" if plain else None


def named_session(owner: str, name: str) -> str:
    """The session of an owner that a client calls by a name of its own, which is stored nowhere.
    The owner is itself keyed, so ids of others cannot be computed.
    """
    digest = hmac.new(owner.encode(), b"session\0" + name.encode(), hashlib.sha256)
    return f"sess_{digest.hexdigest()[:32]}"
