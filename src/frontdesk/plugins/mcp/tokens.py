"""Users' own tokens at an MCP server: a call goes with the token of the user whose turn it is."""

import stat
import tomllib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import orjson

from frontdesk.contract.errors import PluginError

TENANT = "frontdesk/tenant"
USER = "frontdesk/user"
TURN = "frontdesk/turn"
TOKEN = "frontdesk/token"  # noqa: S105 - the name of a field, not a token
"""The names in the `_meta` of a call."""


@dataclass(frozen=True, slots=True)
class UserTokens:
    """A TOML file with a table for each tenant: `user = "token"`. It is read at each call, so that
    a token can be added and withdrawn while the desk works.
    """

    path: Path

    def of(self, tenant: str, user: str) -> str | None:
        """The user's token.

        Raises:
            PluginError: the file cannot be read, or others may read it.
        """
        try:
            if self.path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise PluginError(f"others may read {self.path.name}; run chmod 600 on it")
            table = tomllib.loads(self.path.read_text(encoding="utf-8")).get(tenant)
        except (OSError, ValueError):  # its words could quote a token
            raise PluginError(f"{self.path.name}, its user_tokens, cannot be read") from None
        token = table.get(user) if isinstance(table, dict) else None
        return token if isinstance(token, str) else None


class SpeaksFor(httpx2.Auth):
    """Sends a call with the token of the user whom its own `_meta` names. That stands in the very
    request, so that no two calls at the same time can be taken for each other.
    """

    requires_request_body = True

    def __init__(self, tokens: UserTokens) -> None:
        self._tokens = tokens

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Adds the header; a user without a token never speaks with the deployment's."""
        if speaker := _speaker(request.content):
            token = self._tokens.of(*speaker)
            request.headers.pop("Authorization", None)
            if token:
                request.headers["Authorization"] = f"Bearer {token}"
        yield request


def _speaker(body: bytes) -> tuple[str, str] | None:
    try:
        message: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    params = message.get("params") if isinstance(message, dict) else None
    meta = params.get("_meta") if isinstance(params, dict) else None
    if not isinstance(meta, dict) or USER not in meta:
        return None
    return str(meta.get(TENANT)), str(meta[USER])
