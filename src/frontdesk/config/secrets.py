"""The secrets of a deployment: what keys its owner hashes, and what seals its words."""

import re
import secrets
from pathlib import Path

from frontdesk.config.settings import Settings
from frontdesk.contract.errors import SettingsError


def load_secret(settings: Settings) -> bytes:
    """The deployment's secret: from the settings, or a file of the data folder (mode 0600) made at
    the first start.

    Raises:
        SettingsError: `REDIS_URL` is set but no secret is: hosts that share data must share the
        secret.
    """
    if settings.secret:
        return settings.secret.get_secret_value().encode()
    if settings.redis_url:
        raise SettingsError(
            "REDIS_URL needs FRONTDESK_SECRET: the same long random text on all hosts."
        )
    path = data_dir(settings) / "secret"
    if not path.exists():
        draft = path.with_name(f"secret.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32))
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


def load_encryption_keys(settings: Settings) -> tuple[bytes, ...]:
    """The keys that seal what Redis holds, 32 bytes each; none where nothing is sealed.

    Raises:
        SettingsError: naming the place of one that is no key, never its value.
    """
    if settings.encryption_keys is None:
        return ()
    given = settings.encryption_keys.get_secret_value().split(",")
    return tuple(_encryption_key(place, text.strip()) for place, text in enumerate(given, 1))


def _encryption_key(place: int, text: str) -> bytes:
    if not re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        raise SettingsError(
            f"FRONTDESK_ENCRYPTION_KEYS: number {place} is not a key of 64 hexadecimal digits; "
            "make one with `openssl rand -hex 32`."
        )
    return bytes.fromhex(text)


def data_dir(settings: Settings) -> Path:
    """The data folder, made if it is missing (mode 0700)."""
    folder = settings.data_dir.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
