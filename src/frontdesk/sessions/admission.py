"""Whether and where the turn of a message may begin."""

import hmac
import re
import secrets
from collections.abc import Sequence
from typing import Any

from frontdesk.contract.errors import InvalidRequest, NotFound, QueueFull, SessionBusy
from frontdesk.contract.messages import Message
from frontdesk.sessions.holds import Begun

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
PASSING = "once_"
"""What the id of a session begins with that no list has and that ends with its turn; the scripts
know it, too (`scripts/session.lua`).
"""


def session_of(message: Message) -> str:
    """The session that a message is for: the given one, or a new one; one that passes has a session
    of its own, which ends with it.

    Raises:
        InvalidRequest: its `turn_id` cannot be one.
        NotFound: its `session_id` cannot be one.
    """
    if not ID.fullmatch(message.turn_id):
        raise InvalidRequest("The id of a turn has 1 to 64 letters, digits, `_` and `-`.")
    if message.passing:
        return f"{PASSING}{secrets.token_hex(12)}"
    if not message.session_id:
        return f"sess_{secrets.token_hex(12)}"
    if not ID.fullmatch(message.session_id) or message.session_id.startswith(PASSING):
        raise NotFound("There is no such session.")
    return message.session_id


def keyed(fingerprint: str, secret: bytes) -> str:
    """A fingerprint that only this deployment can compute: a bare digest would tell whoever reads
    Redis whether they guessed what was said.
    """
    return hmac.digest(secret, fingerprint.encode(), "sha256").hex()


def not_started(message: Message, answer: Sequence[Any]) -> Begun:
    """What the scripts' answer means for a message whose turn does not run now.

    Raises:
        FrontdeskError: the message was not taken in.
    """
    match answer:
        case [b"queued", position, _, _]:
            return Begun("queued", message.turn_id, message.session_id, position)
        case [b"duplicate", session_id]:
            return Begun("duplicate", message.turn_id, session_id.decode())
        case [b"busy", running, _]:
            raise SessionBusy(
                "Another turn of this session is running: wait for it, or send the message with"
                " `on_busy` `enqueue`.",
                turn_id=running.decode(),
            )
        case [b"full", _]:
            raise QueueFull(
                "Too many messages wait in this session: send it again later.", retry_after_s=5
            )
        case [b"differs"]:
            raise InvalidRequest("The same Idempotency-Key came before with another body.")
    raise NotFound("There is no such session.")
