"""What a turn that waits for a person is stored as: its run and its ledger, without secrets in the
clear.
"""

import base64
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from frontdesk.contract.approvals import Decision, Pause
from frontdesk.contract.context import Ledger, ModelCall, SpanRecord
from frontdesk.contract.turns import GuardrailNote, HandlerUse, Item, ToolUse
from frontdesk.sessions.codec import dump, load
from frontdesk.sessions.schema import dump_stored, load_stored
from frontdesk.sessions.sealing import Seal, Sealing

KEPT = (
    *("started", "calls", "tools", "notes", "handlers", "spans", "items", "agent", "hops"),
    *("released", "answer", "condensed", "message", "estimated_tokens", "overflowed"),
    *("effects", "text", "tainted"),
)
"""Fields of the ledger that are kept as they are."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A ledger as it is stored. `vault`, with the texts that were given to this user, is always
    sealed; `at` is when the turn began to wait.
    """

    started: float
    calls: tuple[ModelCall, ...]
    tools: tuple[ToolUse, ...]
    notes: tuple[GuardrailNote, ...]
    handlers: tuple[HandlerUse, ...]
    spans: tuple[SpanRecord, ...]
    items: tuple[Item, ...]
    agent: str | None
    hops: int
    released: bool
    answer: str
    condensed: str
    message: int
    estimated_tokens: int
    overflowed: bool
    effects: dict[str, int]
    text: str | None
    tainted: bool
    stages: dict[str, tuple[float, float]]
    vault: str
    at: float


@dataclass(frozen=True, slots=True)
class Secrets:
    """A ledger's vault as (category, value, placeholder), and what was given to this user."""

    vault: tuple[tuple[str, str, str], ...]
    given: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """A turn that waits, or waited."""

    pause: Pause
    ledger: Kept


@dataclass(frozen=True, slots=True)
class Decided:
    """A turn that goes on, with what people said."""

    pause: Pause
    decisions: tuple[Decision, ...]


def vaults(secret: bytes) -> Sealing:
    """What seals vaults, also where the deployment has no keys for the rest."""
    return Sealing([hmac.digest(secret, b"frontdesk vault of a turn that waits", "sha256")])


def dump_pending(seal: Seal, vault: Seal, pause: Pause, ledger: Ledger) -> bytes:
    """The turn as it stands."""
    told = tuple((category, value, shown) for (category, value), shown in ledger.vault.items())
    secrets = Secrets(told, tuple(ledger.given))
    sealed = base64.b64encode(vault.seal(dump(secrets))).decode()
    fields: dict[str, Any] = {name: getattr(ledger, name) for name in KEPT}
    stages = {name: list(times) for name, times in ledger.stages.items()}
    kept = {**fields, "stages": stages, "vault": sealed, "at": time.time()}
    return seal.seal(dump_stored({"pause": pause, "ledger": kept}))


def load_pending(seal: Seal, data: bytes) -> Pending:
    """The turn as it was stored. Raises BrokenRecord, StoreUnreadable."""
    return load_stored(Pending, seal.open(data))


def restore(kept: Kept, vault: Seal, ledger: Ledger, stage: str = "waiting") -> None:
    """Puts into a new ledger what the turn had done before it stopped, and for how long it did, as
    a stage of this name.
    """
    for name in KEPT:
        value = getattr(kept, name)
        setattr(ledger, name, list(value) if isinstance(value, tuple) else value)
    secrets = load(Secrets, vault.open(base64.b64decode(kept.vault)))
    ledger.vault.update({(category, value): shown for category, value, shown in secrets.vault})
    ledger.given.extend(secrets.given)
    ledger.stages.update(kept.stages)
    ledger.stages[stage] = (kept.at, (time.time() - kept.at) * 1000)


def load_decisions(seal: Seal, raw: Sequence[bytes]) -> tuple[Decision, ...]:
    """What people said so far."""
    return tuple(load_stored(Decision, seal.open(each)) for each in raw if each)
