"""What `POST /v1/chat/completions` takes, field by field."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from frontdesk.server.messages import Text
from frontdesk.server.openai.bodies import Lenient, checked
from frontdesk.server.openai.errors import refused

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]
Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
Name: TypeAlias = Annotated[str, Field(pattern="^[a-zA-Z0-9_-]{1,64}$")]
CallId: TypeAlias = Annotated[Text, Field(min_length=1, max_length=256)]
MOST_TOOLS = 128
MOST_STOPS = 4


class Part(Lenient):
    """A part of a message's content."""

    type: str
    text: Text | None = None
    refusal: Text | None = None
    image_url: dict[str, Any] | None = None


class CalledFunction(Lenient):
    """What a call calls; `arguments` is JSON as the model wrote it."""

    name: Text
    arguments: Text


class MadeCall(Lenient):
    """A call of a tool in the history."""

    id: CallId
    type: Literal["function"] = "function"
    function: CalledFunction


class ChatMessage(Lenient):
    """One message of the history."""

    role: Role
    content: Text | list[Part] | None = None
    refusal: Text | None = None
    tool_calls: list[MadeCall] | None = None
    tool_call_id: CallId | None = None


class Function(Lenient):
    """A function that the client runs."""

    name: Name
    description: Text | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class OfferedTool(Lenient):
    """A tool of the client."""

    type: Literal["function"]
    function: Function


class ChosenFunction(Lenient):
    """A function by its name."""

    name: str


class ChosenTool(Lenient):
    """The one tool that the model must call."""

    type: Literal["function"]
    function: ChosenFunction


class StreamOptions(Lenient):
    """How to stream."""

    include_usage: bool | None = None


class JsonSchema(Lenient):
    """The form of a structured answer."""

    name: Name
    description: Text | None = None
    json_schema: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None


class ResponseFormat(Lenient):
    """Whether the answer is text, a JSON object, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class ChatCompletionBody(Lenient):
    """The body. Sampling and caching fields that frontdesk has no use for are ignored."""

    model: str
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: Annotated[list[OfferedTool], Field(max_length=MOST_TOOLS)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: Text | Annotated[list[Text], Field(max_length=MOST_STOPS)] | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: Effort | None = None
    user: Text | None = None
    safety_identifier: Annotated[Text, Field(max_length=64)] | None = None
    metadata: dict[str, Any] | None = None
    n: int | None = None
    logprobs: bool | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None
    functions: list[Any] | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts at which the answer ends."""
        given = [self.stop] if isinstance(self.stop, str) else self.stop or ()
        return tuple(each for each in given if each)

    @property
    def usage_wanted(self) -> bool:
        """Whether a stream tells at its end what was used."""
        return bool(self.stream_options and self.stream_options.include_usage)


def chat_completion_body(data: Mapping[str, Any]) -> ChatCompletionBody:
    """The body, checked.

    Raises:
        Refused: a field is missing or wrong, or asks for what frontdesk does not do.
    """
    body = checked(ChatCompletionBody, data)
    if body.n not in (None, 1):
        raise refused("'n' must be 1: one answer is given to a message.", "n", "invalid_value")
    if body.logprobs:
        raise _not_given("logprobs")
    if body.audio or set(body.modalities or ()) - {"text"}:
        raise _not_given("audio" if body.audio else "modalities")
    if body.functions:
        words = "'functions' is no longer supported: offer them as 'tools'."
        raise refused(words, "functions", "unsupported_parameter")
    _check_together(body)
    return body


def _check_together(body: ChatCompletionBody) -> None:
    if body.tool_choice and not body.tools:
        words = "'tool_choice' is only allowed when 'tools' are specified."
        raise refused(words, "tool_choice")
    if body.stream_options and not body.stream:
        words = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise refused(words, "stream_options")
    chosen = body.tool_choice
    offered = {tool.function.name for tool in body.tools or ()}
    if isinstance(chosen, ChosenTool) and chosen.function.name not in offered:
        words = f"Tool choice '{chosen.function.name}' not found in 'tools' parameter."
        raise refused(words, "tool_choice")


def _not_given(param: str) -> Exception:
    words = f"'{param}' is not supported: this server answers in text, without log probabilities."
    return refused(words, param, "unsupported_parameter")
