"""The body of a request for a response: checked, and as what its turn and its object need of it."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from frontdesk.contract.errors import InvalidRequest
from frontdesk.contract.messages import ClientTool, Wishes
from frontdesk.server.openai.bodies import Lenient, checked
from frontdesk.server.openai.errors import missing, refused
from frontdesk.server.openai.metadata import checked_metadata

TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_TOOLS = 128
CHOICES = ("auto", "none", "required")
Penalty = Annotated[float, Field(ge=-2, le=2)]
Short = Annotated[str, Field(max_length=64)]


class ConversationRef(Lenient):
    """A conversation by its id."""

    id: str


class TextOptions(Lenient):
    """How the text of the answer is to look."""

    format: dict[str, Any] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class Reasoning(Lenient):
    """How much a model thinks, and what it tells of it."""

    effort: str | None = None
    summary: str | None = None


class Tool(Lenient):
    """A function of the client's."""

    type: Literal["function"]
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ResponseBody(Lenient):
    """What `POST /v1/responses` takes; null is as good as absent."""

    model: str
    input: str | list[Any] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    conversation: str | ConversationRef | None = None
    store: bool | None = None
    background: bool | None = None
    stream: bool | None = None
    tools: list[dict[str, Any]] | None = Field(None, max_length=MOST_TOOLS)
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    max_tool_calls: Annotated[int, Field(ge=1)] | None = None
    text: TextOptions | None = None
    reasoning: Reasoning | None = None
    truncation: Literal["auto", "disabled"] | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    prompt_cache_key: str | None = None
    user: str | None = None
    safety_identifier: Short | None = None
    service_tier: str | None = None
    metadata: Any = None
    prompt: Any = None

    @property
    def kept(self) -> bool:
        """Whether the response can be retrieved and gone on from."""
        return self.store is not False

    @property
    def conversation_id(self) -> str | None:
        """The conversation that it belongs to."""
        found = self.conversation
        return found.id if isinstance(found, ConversationRef) else found


def response_body(data: Mapping[str, Any]) -> ResponseBody:
    """The request, checked.

    Raises:
        Refused: a field is missing or wrong, or two exclude each other.
    """
    body = checked(ResponseBody, data)
    if body.prompt is not None:
        raise refused("Stored prompts are not known here: send `instructions`.", "prompt")
    goes_on = [
        each for each in (body.previous_response_id, body.conversation_id) if each is not None
    ]
    if len(goes_on) > 1:
        words = "Mutually exclusive parameters: 'previous_response_id' and 'conversation'."
        raise refused(words, "previous_response_id", "mutually_exclusive_parameters")
    if body.input is None and not goes_on:
        raise missing("input")
    if body.background and not body.kept:
        words = "Background responses are stored: 'background' needs 'store' to be true."
        raise refused(words, "background", "invalid_value")
    return body


def client_tools(body: ResponseBody) -> tuple[ClientTool, ...]:
    """The client's functions that may be called.

    Raises:
        Refused: a tool is no function, or is there twice; `tool_choice` names none of them.
    """
    tools: dict[str, ClientTool] = {}
    for place, given in enumerate(body.tools or ()):
        tool = _tool(given, f"tools[{place}]")
        if tool.name in tools:
            raise refused(f"The function '{tool.name}' is there twice.", f"tools[{place}].name")
        tools[tool.name] = tool
    _check_choice(body.tool_choice, tools)
    allowed = _allowed(body.tool_choice)
    return tuple(tool for tool in tools.values() if allowed is None or tool.name in allowed)


def wishes(body: ResponseBody) -> Wishes:
    """How the models are to answer.

    Raises:
        Refused: the format of the text is none.
    """
    return Wishes(
        temperature=body.temperature,
        top_p=body.top_p,
        max_output_tokens=body.max_output_tokens,
        tool_choice=_choice(body.tool_choice),
        parallel_tool_calls=body.parallel_tool_calls,
        text_format=_format(body),
        effort=body.reasoning.effort if body.reasoning else None,
    )


def echo(body: ResponseBody) -> dict[str, Any]:
    """The fields of the response object that repeat the request, each of them."""
    text = body.text or TextOptions()
    verbosity = {"verbosity": text.verbosity} if text.verbosity else {}
    given = body.conversation_id
    return {
        "background": bool(body.background),
        "instructions": body.instructions,
        "model": body.model,
        "previous_response_id": body.previous_response_id,
        **({} if given is None else {"conversation": {"id": given}}),
        "store": body.kept,
        "metadata": dict(checked_metadata(body.metadata)),
        "user": body.user,
        "safety_identifier": body.safety_identifier,
        "prompt_cache_key": body.prompt_cache_key,
        "service_tier": "default",
        "max_output_tokens": body.max_output_tokens,
        "max_tool_calls": body.max_tool_calls,
        "parallel_tool_calls": body.parallel_tool_calls is not False,
        "tool_choice": body.tool_choice or "auto",
        "tools": [_echoed(each) for each in body.tools or ()],
        "temperature": 1.0 if body.temperature is None else body.temperature,
        "top_p": 1.0 if body.top_p is None else body.top_p,
        "top_logprobs": body.top_logprobs or 0,
        "presence_penalty": body.presence_penalty or 0.0,
        "frequency_penalty": body.frequency_penalty or 0.0,
        "truncation": body.truncation or "disabled",
        "text": {"format": dict(text.format or {"type": "text"}), **verbosity},
        "reasoning": (body.reasoning or Reasoning()).model_dump(),
    }


def _tool(given: Mapping[str, Any], param: str) -> ClientTool:
    if given.get("type") != "function":
        words = "only functions of the client's are taken; the agents bring their own tools."
        raise refused(f"Invalid '{param}.type': {words}", f"{param}.type", "invalid_value")
    try:
        tool = checked(Tool, given)
    except InvalidRequest as error:
        raise refused(f"Invalid '{param}': {error.detail}", param, "invalid_value") from None
    if not TOOL_NAME.fullmatch(tool.name):
        words = "expected 1 to 64 letters, digits, '_' and '-'."
        raise refused(f"Invalid '{param}.name': {words}", f"{param}.name", "invalid_value")
    return ClientTool(
        tool.name, tool.description or "", dict(tool.parameters or {}), bool(tool.strict)
    )


def _echoed(given: Mapping[str, Any]) -> dict[str, Any]:
    names = ("description", "parameters", "strict")
    return {"type": "function", "name": given["name"], **{n: given.get(n) for n in names}}


def _choice(given: str | Mapping[str, Any] | None) -> str | None:
    if given is None or isinstance(given, str):
        return given
    chosen = given.get("mode", "auto") if given["type"] == "allowed_tools" else given["name"]
    return str(chosen)


def _allowed(given: object) -> frozenset[str] | None:
    """The names that `tool_choice` leaves of the tools; None for all."""
    if not isinstance(given, dict) or given["type"] != "allowed_tools":
        return None
    return frozenset(each["name"] for each in given["tools"])


def _check_choice(given: str | dict[str, Any] | None, tools: Mapping[str, ClientTool]) -> None:
    if given is None or given in CHOICES:
        return
    named = _named(given) if isinstance(given, dict) else None
    if named is None:
        words = "expected 'auto', 'none', 'required', a function or allowed tools."
        raise refused(f"Invalid 'tool_choice': {words}", "tool_choice", "invalid_value")
    for name in named:
        if name not in tools:
            words = f"Tool choice '{name}' not found in 'tools' parameter."
            raise refused(words, "tool_choice", "invalid_value")


def _named(given: Mapping[str, Any]) -> list[str] | None:
    """The functions that `tool_choice` names; None where it is none."""
    if given.get("type") == "function":
        return [given["name"]] if isinstance(given.get("name"), str) else None
    tools = given.get("tools")
    if given.get("type") != "allowed_tools" or not isinstance(tools, list):
        return None
    found = (each.get("name") for each in tools if isinstance(each, dict))
    names = [name for name in found if isinstance(name, str)]
    known = given.get("mode", "auto") in ("auto", "required")
    return names if known and len(names) == len(tools) else None


def _format(body: ResponseBody) -> Mapping[str, Any] | None:
    given = body.text.format if body.text else None
    if given is None or given.get("type") == "text":
        return None
    if given.get("type") not in ("json_object", "json_schema"):
        words = "Invalid 'text.format.type': expected 'text', 'json_object' or 'json_schema'."
        raise refused(words, "text.format.type", "invalid_value")
    if given["type"] == "json_schema":
        for name, kind in (("name", str), ("schema", dict)):
            if not isinstance(given.get(name), kind):
                raise missing(f"text.format.{name}")
    return given
