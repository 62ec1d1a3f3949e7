"""The MCP servers of a deployment, as their file declares them."""

import json
import stat
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from frontdesk.config import expanded
from frontdesk.contract.errors import PluginError

KEY = "mcpServers"
"""What the table of servers is called, as in the files of other MCP clients."""
START_MAX_S = 25.0
"""Below the time that any plugin has to start."""

Seconds = Annotated[float, Field(gt=0)]


class Declaration(BaseModel):
    """One MCP server: a `command` that speaks over stdio, or the `url` of one that speaks
    streamable HTTP. docs/mcp.md says what each field means.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    type: str | None = None  # in the files of other clients; `command` or `url` says it already
    disabled: bool = False
    command: str | None = None
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict, repr=False)
    cwd: Path | None = None
    url: str | None = None
    headers: dict[str, str] = Field(default_factory=dict, repr=False)
    connections: Annotated[int, Field(ge=1, le=64)] = 4
    prefix: str | None = None
    allow: tuple[str, ...] = ("*",)
    deny: tuple[str, ...] = ()
    start_s: Annotated[float, Field(gt=0, le=START_MAX_S)] = 10.0
    timeout_s: Seconds = 30.0
    send_user: bool = False
    user_tokens: Path | None = None

    @model_validator(mode="after")
    def _one_transport(self) -> "Declaration":
        if (self.command is None) == (self.url is None):
            raise ValueError("give it either a `command` or a `url`")
        return self

    def offers(self, tool: str) -> bool:
        """Whether the server's tool of this name may be used."""
        return _fits(tool, self.allow) and not _fits(tool, self.deny)


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def declared(path: Path) -> Mapping[str, Any]:
    """The entries of the file by name, not checked yet: each costs only itself.

    Raises:
        PluginError: the file cannot be read, everybody may write to it, or it has no table
            `mcpServers`.
    """
    try:
        if path.stat().st_mode & stat.S_IWOTH:
            raise ValueError("everybody may write to it; run chmod o-w on it")
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise PluginError(f"FRONTDESK_MCP_SERVERS {path}: {error}") from None
    servers = data.get(KEY) if isinstance(data, dict) else None
    if not isinstance(servers, dict):
        raise PluginError(f"FRONTDESK_MCP_SERVERS {path}: it has no table `{KEY}`.")
    return servers


def read(entry: Any, folder: Path) -> Declaration:
    """The declaration; its paths are seen from the file's folder, and each `${NAME}` in it is that
    environment variable.

    Raises:
        PluginError: naming each field that is wrong, never its value.
        SettingsError: a variable is not set.
    """
    try:
        found = Declaration.model_validate(_expanded(entry))
    except ValidationError as error:
        wrong = "; ".join(f"{_place(each['loc'])}{each['msg']}" for each in error.errors())
        raise PluginError(f"wrong declaration: {wrong}") from None
    paths = {"cwd": found.cwd or folder, "user_tokens": found.user_tokens}
    seen = {field: path and folder / path.expanduser() for field, path in paths.items()}
    return found.model_copy(update=seen)


def _place(where: tuple[int | str, ...]) -> str:
    return f"{'.'.join(map(str, where))}: " if where else ""


def _expanded(value: Any) -> Any:
    match value:
        case str():
            return expanded(value)
        case dict():
            return {name: _expanded(each) for name, each in value.items()}
        case list():
            return [_expanded(each) for each in value]
        case _:
            return value
