"""The policy as a file: TOML that is laid over the default, checked word by word."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from frontdesk.contract.errors import SettingsError
from frontdesk.contract.guardrails import Action, OutputMode, Policy, Stage
from frontdesk.contract.text import Language

STAGES: tuple[Stage, ...] = ("input", "tool", "output")
SHIPPED = ("default", "words")
"""The policies that come with frontdesk, by name."""

Count = Annotated[int, Field(gt=0, strict=True)]
Words = tuple[Annotated[str, Field(min_length=1)], ...]


def _by_stage(value: Any) -> Any:
    """`[actions.input] email` becomes `input.email`."""
    if not isinstance(value, Mapping):
        return value
    flat = {key: action for key, action in value.items() if key not in STAGES}
    for stage in value.keys() & set(STAGES):
        if not isinstance(value[stage], Mapping):
            raise ValueError(f"{stage} is a stage, no category: write [actions.{stage}] below")
        flat |= {f"{stage}.{key}": action for key, action in value[stage].items()}
    return flat


class _Rules(BaseModel):
    """What a policy can say; what it does not say stays as it is."""

    model_config = ConfigDict(extra="forbid")

    default: Action | None = None
    blocked_words: Words | None = None
    max_input_chars: Count | None = None
    max_output_chars: Count | None = None
    output: OutputMode | None = None
    allowed_values: Words | None = None
    allowed_hosts: Words | None = None
    actions: Annotated[dict[str, Action], BeforeValidator(_by_stage)] = {}
    thresholds: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    messages: dict[Language, dict[str, Annotated[str, Field(min_length=1)]]] = {}

    def over(self, policy: Policy) -> Policy:
        """The policy with these rules laid over it."""
        said = self.model_dump(exclude_none=True, include=set(_PLAIN))
        messages = {**policy.messages}
        for language, texts in self.messages.items():
            messages[language] = {**messages.get(language, {}), **texts}
        # What is said for all stages replaces what a lower policy said for one of them.
        general = {f"{stage}.{key}" for key in self.actions for stage in STAGES}
        kept = {key: action for key, action in policy.actions.items() if key not in general}
        return replace(
            policy,
            actions=kept | self.actions,
            thresholds={**policy.thresholds, **self.thresholds},
            messages=messages,
            **said,
        )


_PLAIN = tuple(_Rules.model_fields.keys() - {"actions", "thresholds", "messages"})


class _File(_Rules):
    tenants: dict[str, _Rules] = {}
    agents: dict[str, _Rules] = {}

    def over(self, policy: Policy) -> Policy:
        whole = self._with_agents(super().over(policy))
        own = {name: self._with_agents(rules.over(whole)) for name, rules in self.tenants.items()}
        return replace(whole, tenants=own)

    def _with_agents(self, policy: Policy) -> Policy:
        return replace(policy, agents={n: each.over(policy) for n, each in self.agents.items()})


@cache
def default_policy() -> Policy:
    """The policy that holds where no file says otherwise."""
    return _File.model_validate(tomllib.loads(shipped("default").read_text("utf-8"))).over(Policy())


def shipped(name: str) -> Traversable:
    """The file of a policy that comes with frontdesk."""
    return files(__package__).joinpath("policies", f"{name}.toml")


def policy_path(path: Path) -> Path | Traversable:
    """The file of a policy that is named by its path, or by a name of `SHIPPED`."""
    name = str(path)
    return shipped(name) if name in SHIPPED and not path.exists() else path.expanduser()


def read_policy(path: Path) -> Policy:
    """The policy of a file, laid over the default.

    Raises:
        SettingsError: the file cannot be read or says what no policy can say; every wrong place is
            named with its line, and what may stand there.
    """
    try:
        text = policy_path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        known = ", ".join(SHIPPED)
        raise SettingsError(
            f"The guardrail policy {path} cannot be read: {why}. Name a file, or one of: {known}."
        ) from None
    return parse_policy(text, str(path))


def parse_policy(text: str, name: str) -> Policy:
    """The policy that the text says, laid over the default; `name` is for the error.

    Raises:
        SettingsError: as `read_policy`.
    """
    try:
        rules = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The guardrail policy {name} is no TOML: {error}.") from None
    except ValidationError as error:
        wrong = [_said(text, each["loc"], each["msg"], each["type"]) for each in error.errors()]
        raise _wrong(name, wrong) from None
    policy = rules.over(default_policy())
    if unknown := _unknown(text, rules):
        raise _wrong(name, unknown)
    return policy


_WORDS = {
    "tuple_type": 'it must be a list of texts, such as ["one", "two"]',
    "dict_type": "it must be a table",
}


def _wrong(name: str, problems: list[str]) -> SettingsError:
    lines = "".join(f"\n  {problem}" for problem in dict.fromkeys(problems))
    return SettingsError(f"The guardrail policy {name} is wrong:{lines}")


def _said(text: str, loc: tuple[int | str, ...], message: str, kind: str) -> str:
    names = [each for each in loc if isinstance(each, str) and each != "[key]"]
    keys = [part for name in names for part in name.split(".")]
    message = _WORDS.get(kind, message.removeprefix("Value error, "))
    if kind == "extra_forbidden":
        known = _File.model_fields if len(keys) == 1 else _Rules.model_fields
        message = f"unknown key; take it out or use one of: {', '.join(known)}"
    return f"{_place(text, keys)}{'.'.join(keys)}: {message}"


def _unknown(text: str, rules: _File) -> list[str]:
    """Categories that look like a slip of the pen; others may be those of a plugin."""
    known, found = _categories(), list[str]()
    for where, each in [((), rules), *_named(rules)]:
        for key in each.actions:
            category = key.rpartition(".")[2]
            close = get_close_matches(category, known, 1, 0.8) if category not in known else []
            if close:
                keys = [*where, "actions", *key.split(".")]
                found.append(f"{_place(text, keys)}{'.'.join(keys)}: did you mean {close[0]}?")
    return found


def _named(rules: _File) -> "list[tuple[tuple[str, ...], _Rules]]":
    tenants = [(("tenants", name), each) for name, each in rules.tenants.items()]
    return [*tenants, *((("agents", name), each) for name, each in rules.agents.items())]


def _categories() -> frozenset[str]:
    return frozenset(key.rpartition(".")[2] for key in default_policy().actions)


def _place(text: str, keys: list[str]) -> str:
    """`line 7: `, where the key or the table nearest to it stands; empty where none is found."""
    table: list[str] = []
    best, line_of_best = 0, 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+([^\]]+)\]", line):
            table = _parts(header[1])
            here = table
        elif entry := re.match(r"\s*([\w.\"'-]+)\s*=", line):
            here = [*table, *_parts(entry[1])]
        else:
            continue
        if here == keys[: len(here)] and len(here) > best:
            best, line_of_best = len(here), number
    return f"line {line_of_best}: " if line_of_best else ""


def _parts(key: str) -> list[str]:
    return [part.strip().strip("\"'") for part in key.split(".")]
