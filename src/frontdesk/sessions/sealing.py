"""Sealing: what users say is encrypted before it goes to Redis, where the deployment has keys.

A sealed value is `\\xffsealed1:<key>:<name>:`, a nonce of 12 bytes, and the ciphertext and tag of
AES-256-GCM (NIST SP 800-38D). No UTF-8 text begins with this byte, so what was written without
keys is told from it and stays readable. `<key>` is the id of the key that opens it; `<name>` is for
those who must know what they hold without looking inside: the scripts, and whoever deletes it.

Each owner has keys of its own, made from the deployment's (HKDF-Expand, RFC 5869): random nonces
stay far from their limit of 2^32 per key, and a value that is moved to another owner does not open.
"""

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from frontdesk.config import Settings, load_encryption_keys
from frontdesk.contract.errors import BrokenRecord, StoreUnreadable

PREFIX = b"\xffsealed1:"
LABEL = re.compile(PREFIX + rb"([0-9a-f]{8}):([A-Za-z0-9_-]*):")
NONCE_BYTES = 12
ID_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Label:
    """What a sealed value says of itself in the clear."""

    key_id: str
    name: str


class Seal:
    """Seals and opens the values of one owner. Without keys it seals nothing."""

    __slots__ = ("_ciphers", "_first", "_keys", "_owner", "owner")

    def __init__(self, owner: str, keys: Mapping[str, bytes]) -> None:
        self.owner, self._owner, self._keys = owner, owner.encode(), keys
        self._first = next(iter(keys), None)
        self._ciphers: dict[str, AESGCM] = {}

    def seal(self, data: bytes, name: str = "") -> bytes:
        """The value as Redis may hold it. It opens beside no other owner and name."""
        if self._first is None:
            return data
        head = b"%b%b:%b:" % (PREFIX, self._first.encode(), name.encode())
        nonce = os.urandom(NONCE_BYTES)
        return head + nonce + self._cipher(self._first).encrypt(nonce, data, self._owner + head)

    def open(self, data: bytes) -> bytes:
        """The value that was sealed; one that never was stays as it is.

        Raises:
            StoreUnreadable: the deployment does not have the key.
            BrokenRecord: the key does not open it: it is damaged, or another owner's.
        """
        if not data.startswith(PREFIX):
            return data
        label = _labelled(data)
        cipher, begin = self._cipher(label[1].decode()), label.end() + NONCE_BYTES
        try:
            nonce = data[label.end() : begin]
            return cipher.decrypt(nonce, data[begin:], self._owner + label[0])
        except (InvalidTag, ValueError):  # ValueError: too short for a nonce
            raise _broken() from None

    def open_all(self, values: Iterable[bytes]) -> list[bytes]:
        """All of the values, opened; raises as `open` does."""
        return [self.open(value) for value in values]

    def _cipher(self, key_id: str) -> AESGCM:
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            if key_id not in self._keys:
                raise StoreUnreadable(
                    f"This is sealed with the key {key_id}, which the server does not have: its"
                    " operator has to add it to FRONTDESK_ENCRYPTION_KEYS."
                )
            own = hmac.digest(self._keys[key_id], self._owner + b"\x01", "sha256")
            cipher = self._ciphers[key_id] = AESGCM(own)
        return cipher


class Sealing:
    """The keys of a deployment: the first seals, each of them opens."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_id_of(key): key for key in keys}

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the keys, the one that seals first; they tell nothing about the keys."""
        return tuple(self._keys)

    def of(self, owner: str) -> Seal:
        """The seal of one owner."""
        return Seal(owner, self._keys)


def open_sealing(settings: Settings) -> Sealing:
    """The sealing of a deployment.

    Raises:
        SettingsError: a key is not one.
    """
    return Sealing(load_encryption_keys(settings))


def is_sealed(data: bytes) -> bool:
    """Whether a stored value is sealed."""
    return data.startswith(PREFIX)


def label_of(data: bytes) -> Label:
    """What a sealed value says of itself.

    Raises:
        BrokenRecord: it is not whole.
    """
    label = _labelled(data)
    return Label(label[1].decode(), label[2].decode())


def _labelled(data: bytes) -> re.Match[bytes]:
    label = LABEL.match(data)
    if label is None:
        raise _broken()
    return label


def _broken() -> BrokenRecord:
    return BrokenRecord(
        "A sealed value does not open with its key: it was changed, or was another user's; see"
        " docs/operations.md."
    )


def _id_of(key: bytes) -> str:
    return hashlib.sha256(b"frontdesk key id " + key).hexdigest()[:ID_DIGITS]
