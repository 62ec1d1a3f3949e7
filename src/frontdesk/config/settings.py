"""The settings of a deployment, read once from the environment and `.env`; nothing else reads the
environment.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from dotenv import dotenv_values
from pydantic import (
    AliasChoices,
    BaseModel,
    DirectoryPath,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as SettingsSourceError

from frontdesk.config.credentials import CredentialSettings
from frontdesk.config.limits import LimitSettings
from frontdesk.config.names import Names
from frontdesk.config.work import WorkSettings
from frontdesk.contract.errors import SettingsError

Count = Annotated[int, Field(gt=0)]
M = TypeVar("M", bound=BaseModel)


def _name(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class Settings(CredentialSettings, LimitSettings, WorkSettings, BaseSettings):
    """Every setting of frontdesk. Secrets are never printed; times end in `_s` (seconds)."""

    model_config = SettingsConfigDict(
        env_file=".env", env_prefix="FRONTDESK_", extra="ignore", frozen=True, populate_by_name=True
    )

    openai_api_key: SecretStr | None = Field(
        None, validation_alias=_name("OPENAI_API_KEY"), description="Key for the model's server."
    )
    openai_base_url: str | None = Field(
        None,
        validation_alias=_name("OPENAI_BASE_URL"),
        description="Any server with OpenAI's protocol.",
    )
    redis_url: str | None = Field(
        None,
        validation_alias=_name("REDIS_URL", "FRONTDESK_REDIS_URL"),
        description="Redis 7.0+ or Valkey: a server, a cluster or Sentinels (docs/operations.md); "
        "without it an embedded Valkey starts.",
    )
    data_dir: Path = Field(
        Path("~/.frontdesk"),
        description="Where the embedded server, the secret and plugins' data live.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8080, description="Port to listen on; 0 takes a free one."
    )
    triage_model: str = Field("gpt-6-luna", description="The cheap model: it answers first.")
    specialist_model: str = Field(
        "gpt-6.1-sol", description="The expensive model of the specialists."
    )
    model_api: Literal["responses", "chat_completions"] = Field(
        "responses", description="Which OpenAI protocol to speak."
    )
    model_timeout_s: Annotated[float, Field(gt=0)] = Field(
        60.0, description="Deadline of one model call in seconds."
    )
    turn_timeout_s: Annotated[float, Field(gt=0)] = Field(
        300.0, description="Deadline of one turn in seconds."
    )
    max_model_calls: Count = Field(10, description="Model calls that one turn may make.")
    max_output_tokens: Count = Field(
        2048, description="Longest answer of one model call in tokens."
    )
    context_tokens: Count = Field(
        8000,
        description="History that a model is shown, in tokens; when over, the oldest half goes.",
    )
    long_message_tokens: Annotated[int, Field(ge=500)] = Field(
        4000,
        description="Longest message that agents get whole, in tokens; of a longer one the cheap "
        "model makes a short form first (docs/handlers.md).",
    )
    summary: bool = Field(
        False,
        description="Have the cheap model sum up what is no longer shown (docs/memory.md).",
    )
    session_ttl_s: Count = Field(
        2_592_000, description="A session is forgotten this long after its last turn."
    )
    response_ttl_s: Count = Field(
        2_592_000,
        description="A response is kept this long (docs/openai-responses.md).",
    )
    trace_ttl_s: Count = Field(604_800, description="A trace is kept this long.")
    usage_ttl_s: Annotated[int, Field(gt=0, le=34_560_000)] = Field(
        34_560_000, description="What was used on a day is known this long, 400 days at most."
    )
    cache_ttl_s: Count = Field(3600, description="A kept answer is served this long.")
    lease_s: Annotated[float, Field(gt=0.1)] = Field(
        15.0, description="A turn whose process died is taken over after this time."
    )
    approval_ttl_s: Count = Field(
        86_400, description="A tool call waits this long for a person's approval."
    )
    max_waiting: Count = Field(3, description="Messages that may wait in one busy session.")
    max_result_bytes: Annotated[int, Field(ge=4096)] = Field(
        16_384,
        description="Largest tool result that a model gets whole; of a longer one it reads parts.",
    )
    max_body_bytes: Count = Field(262_144, description="Largest request body.")
    images: Annotated[int, Field(ge=0)] = Field(
        0,
        description="Images that a message may hold; no guardrail looks at them. 0: none are taken "
        "(docs/http.md).",
    )
    model_aliases: Names = Field(
        (), description="Names that OpenAI's clients may ask for, `alias=agent` (docs/openai.md)."
    )
    side_calls: FilePath | None = Field(
        None, description="TOML file of rules that know chat clients' side calls (docs/openai.md)."
    )
    plugins_dir: Path | None = Field(None, description="Folder of plugin files (`*.py`).")
    plugins_allow: Names = Field(
        ("*",),
        description="Plugins that may run: names with `*` and `?`, between commas. Built-in ones "
        "always do.",
    )
    plugins_deny: Names = Field((), description="Plugins that may not run, likewise.")
    mcp_servers: Path | None = Field(
        None, description="TOML or JSON file that names MCP servers (docs/mcp.md)."
    )
    reload_plugins: bool = Field(
        False, description="Run an edited plugin file anew; for development (docs/plugins.md)."
    )
    tools_allow: Names = Field(
        ("*",),
        description="Tools that may be used: `tool`, `agent/tool` or `tenant/agent/tool`, with `*` "
        "and `?`, between commas (docs/plugins.md).",
    )
    tools_deny: Names = Field((), description="Tools that may not be used, likewise.")
    faq: FilePath | None = Field(None, description="File of curated answers (Markdown or YAML).")
    knowledge_dir: DirectoryPath | None = Field(
        None, description="Folder of documents (Markdown, HTML, text) that the agents may search."
    )
    guard_policy: Path | None = Field(
        None,
        description="TOML file with the guardrail policy, or `words`, an example that refuses two "
        "words (docs/guardrails.md); it is read again when it changes.",
    )
    trace_to_openai: bool = Field(
        False, description="Also send SDK traces, with their content, to OpenAI."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level of the log."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="`auto`: text on a terminal, else JSON lines."
    )
    secret: SecretStr | None = Field(
        None,
        description="Keys owner hashes; the same on all hosts. Made by itself without REDIS_URL.",
    )
    encryption_keys: SecretStr | None = Field(
        None,
        description="Seals what users say before it goes to Redis: keys of 64 hexadecimal digits, "
        "comma separated; the first seals, all open (docs/operations.md).",
    )


def load_settings(**overrides: object) -> Settings:
    """The settings from environment and `.env`, with overrides by field name (a command's options).

    Raises:
        SettingsError: naming each wrong setting and what is wrong with it, never its value.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        wrong = "; ".join(f"{_variable(str(e['loc'][0]))}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"Wrong settings: {wrong}. See docs/configuration.md.") from None


def load_plugin_settings(plugin: str, model: type[M]) -> M:
    """The settings of a plugin by its own model, from `FRONTDESK_PLUGIN_<NAME>_<FIELD>`; a field
    that is no plain value is given as JSON.

    Raises:
        SettingsError: naming each wrong or missing variable, never its value.
    """
    prefix = f"FRONTDESK_PLUGIN_{plugin.upper().replace('-', '_')}_"
    config = SettingsConfigDict(env_file=".env", env_prefix=prefix, extra="ignore")
    read: Any = type(model.__name__, (model, BaseSettings), {"model_config": config})
    try:
        settings: M = read()
    except SettingsSourceError as error:
        field = str(error).split('"')[1:2]
        wrong = f"{prefix}{''.join(field).upper()}: it is not valid JSON"
        raise SettingsError(f"Wrong settings of the plugin {plugin}: {wrong}.") from None
    except ValidationError as error:
        wrong = "; ".join(
            f"{prefix}{str(each['loc'][0]).upper() if each['loc'] else '*'}: {each['msg']}"
            for each in error.errors()
        )
        raise SettingsError(f"Wrong settings of the plugin {plugin}: {wrong}.") from None
    return settings


def expanded(text: str) -> str:
    """The text with each `${NAME}` replaced by that variable of the environment or `.env`.

    Raises:
        SettingsError: such a variable is not set.
    """
    known = {**dotenv_values(".env"), **os.environ}

    def value(found: re.Match[str]) -> str:
        if (each := known.get(found[1])) is None:
            raise SettingsError(f"The environment variable {found[1]} is not set.")
        return each

    return re.sub(r"\$\{(\w+)\}", value, text)


def variables() -> dict[str, str]:
    """Each setting's field name -> the environment variable that sets it."""
    fields, own = Settings.model_fields, Settings.__annotations__
    return {name: _variable(name) for name in sorted(fields, key=lambda each: each not in own)}


def _variable(name: str) -> str:
    info = Settings.model_fields.get(name)
    alias = info.validation_alias if info else None
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return name if name.isupper() else f"FRONTDESK_{name.upper()}"
