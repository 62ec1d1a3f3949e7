"""Requests for responses: what is refused, and what a turn and its object are told."""

from typing import Any

import pytest

from frontdesk.server.openai.errors import Refused
from frontdesk.server.openai.responses_requests import (
    client_tools,
    echo,
    response_body,
    wishes,
)

F = {"type": "function", "name": "f", "parameters": {"type": "object"}}
G = {"type": "function", "name": "g"}


def body(**fields: Any) -> Any:
    return response_body({"model": "frontdesk", "input": "Hi", **fields})


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"model": None}, "model", "invalid_type"),
        ({"input": None}, "input", "missing_required_parameter"),
        ({"temperature": 2.5}, "temperature", "invalid_value"),
        ({"max_output_tokens": 0}, "max_output_tokens", "invalid_value"),
        ({"background": True, "store": False}, "background", "invalid_value"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt", None),
        (
            {"previous_response_id": "resp_1", "conversation": "conv_1"},
            "previous_response_id",
            "mutually_exclusive_parameters",
        ),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], param: str, code: str | None) -> None:
    with pytest.raises(Refused) as refused:
        body(**fields)
    found = refused.value.refusal
    assert (found.status, found.param, found.code) == (400, param, code)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "name": "a b"}]}, "tools[0].name"),
        ({"tools": [{"type": "function"}]}, "tools[0]"),
        ({"tools": [F, F]}, "tools[1].name"),
        ({"tools": [F], "tool_choice": "always"}, "tool_choice"),
        ({"tools": [F], "tool_choice": {"type": "function", "name": "g"}}, "tool_choice"),
        ({"tools": [F], "tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
    ],
)
def test_a_wrong_tool_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Refused) as refused:
        client_tools(body(**fields))
    assert (refused.value.refusal.status, refused.value.refusal.param) == (400, param)


def test_unknown_fields_are_ignored() -> None:
    assert body(stream_options={"include_obfuscation": False}, novelty=1).input == "Hi"


def test_a_null_is_as_good_as_nothing() -> None:
    assert echo(body(temperature=None, store=None, metadata=None)) == echo(body())


def test_only_allowed_tools_are_offered() -> None:
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [G]}
    asked = body(tools=[F, G], tool_choice=allowed)
    assert [tool.name for tool in client_tools(asked)] == ["g"]
    assert wishes(asked).tool_choice == "required"


def test_a_schema_for_the_answer_reaches_the_models() -> None:
    form = {"type": "json_schema", "name": "x", "schema": {"type": "object"}, "strict": True}
    assert wishes(body(text={"format": form})).text_format == form
    assert wishes(body(text={"format": {"type": "text"}})).text_format is None


@pytest.mark.parametrize("form", [{"type": "xml"}, {"type": "json_schema", "name": "x"}])
def test_a_wrong_format_of_the_answer_is_refused(form: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"text\.format"):
        wishes(body(text={"format": form}))


def test_the_conversation_is_told_only_where_there_is_one() -> None:
    assert "conversation" not in echo(body())
    assert echo(body(conversation={"id": "conv_1"}))["conversation"] == {"id": "conv_1"}
