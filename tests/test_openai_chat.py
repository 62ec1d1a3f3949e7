"""Requests for chat completions as messages to the desk: no network, no desk."""

from typing import Any

import pytest

from frontdesk.contract.messages import Caller, ClientTool, Message, Wishes
from frontdesk.server.openai.chat_bodies import chat_completion_body
from frontdesk.server.openai.chat_messages import Filing, message_of
from frontdesk.server.openai.errors import Refused

ANN = Caller("acme", "ann")
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def asked(*messages: dict[str, Any], filing: Filing | None = None, **more: Any) -> Message:
    body = chat_completion_body({"model": "frontdesk", "messages": list(messages), **more})
    return message_of(body, ANN, "turn_1", agent="", filing=filing or Filing())


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def refusal(*messages: dict[str, Any], **more: Any) -> tuple[str, str | None, str | None]:
    with pytest.raises(Refused) as stop:
        asked(*messages, **more)
    found = stop.value.refusal
    assert found.status == 400
    return found.message, found.param, found.code


def test_the_last_message_is_the_turns_and_those_before_it_are_its_context() -> None:
    found = asked(user("one"), {"role": "assistant", "content": "1"}, user("two"))
    assert found.text == "two"
    assert found.context == (
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "one"}],
        },
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "1"}],
        },
    )


def test_a_first_message_has_an_empty_context_and_not_the_sessions_history() -> None:
    assert asked(user("hi")).context == ()


def test_instructions_of_both_roles_go_together() -> None:
    system, developer = (
        {"role": role, "content": f"as {role}"} for role in ("system", "developer")
    )
    found = asked(system, user("hi"), developer, user("ho"))
    assert found.instructions == "as system\n\nas developer"
    assert found.context is not None
    assert len(found.context) == 1


def test_instructions_alone_are_a_message() -> None:
    found = asked({"role": "system", "content": "Be brief."}, {"role": "system", "content": "Hi"})
    assert (found.text, found.instructions, found.context) == ("Hi", "Be brief.", ())


def test_parts_of_text_are_one_text() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert asked(user(parts)).text == "one\ntwo"


def test_results_of_the_clients_tools_end_the_context() -> None:
    found = asked(
        user("look"),
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
    )
    assert found.text == ""
    assert found.context is not None
    assert found.context[1:] == (
        {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
    )


def test_a_question_after_results_is_the_turns_message() -> None:
    found = asked(
        user("look"),
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
        user("and now?"),
    )
    assert found.text == "and now?"
    assert found.context is not None
    assert [item["type"] for item in found.context][-1] == "function_call_output"


def test_the_clients_tools_come_with_their_schemas() -> None:
    assert asked(user("hi"), tools=[TOOL]).client_tools == (
        ClientTool("look", "", {"type": "object"}, False),
    )


@pytest.mark.parametrize(
    ("given", "wish"),
    [
        ("required", "required"),
        ({"type": "function", "function": {"name": "look"}}, "look"),
        (None, None),
    ],
)
def test_the_choice_of_a_tool_is_a_wish(given: Any, wish: str | None) -> None:
    found = asked(user("hi"), tools=[TOOL], tool_choice=given, parallel_tool_calls=False)
    assert (found.wishes.tool_choice, found.wishes.parallel_tool_calls) == (wish, False)


def test_sampling_is_a_wish() -> None:
    found = asked(
        user("hi"), temperature=1, top_p=0.5, max_tokens=10, reasoning_effort="low", seed=1
    )
    assert found.wishes == Wishes(temperature=1, top_p=0.5, max_output_tokens=10, effort="low")


def test_the_newer_name_of_the_longest_answer_wins() -> None:
    found = asked(user("hi"), max_tokens=10, max_completion_tokens=20)
    assert found.wishes.max_output_tokens == 20


def test_a_schema_is_asked_for_in_the_form_of_the_newer_protocol() -> None:
    schema = {"name": "answer", "schema": {"type": "object"}, "strict": True}
    found = asked(user("hi"), response_format={"type": "json_schema", "json_schema": schema})
    assert found.wishes.text_format == {"type": "json_schema", **schema}


@pytest.mark.parametrize("name", ["user", "safety_identifier"])
def test_whom_the_client_calls_its_user_is_a_label_and_no_identity(name: str) -> None:
    more: dict[str, Any] = {name: "bob", "metadata": {"team": "red"}}
    found = asked(user("hi"), **more)
    assert found.metadata == {"team": "red", "user": "bob"}
    assert found.caller == ANN


def test_a_turn_is_kept_only_where_a_session_is_named() -> None:
    assert not asked(user("hi")).keeps
    filed = asked(user("hi"), filing=Filing("sess_1"))
    assert (filed.keeps, filed.session_id, filed.opens) == (True, "sess_1", True)


def test_the_turn_ends_with_its_client() -> None:
    assert asked(user("hi")).on_disconnect == "cancel"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": -1}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"tools": [{"type": "custom"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
    ],
)
def test_what_is_not_done_is_refused_by_name(more: dict[str, Any], param: str) -> None:
    assert refusal(user("hi"), **more)[1] == param


def test_a_choice_without_tools_is_refused_in_openais_words() -> None:
    words = "'tool_choice' is only allowed when 'tools' are specified."
    assert refusal(user("hi"), tool_choice="auto")[0] == words


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "robot", "content": "hi"}, "messages[0].role"),
        ({"content": "hi"}, "messages[0].role"),
        (user(1), "messages[0].content"),
        (user("a\0b"), "messages[0].content"),
        (user([{"type": "text"}]), "messages[0].content[0]"),
        (user([{"type": "text", "text": 1}]), "messages[0].content[0].text"),
        ({"role": "assistant", "tool_calls": [{"id": "x"}]}, "messages[0].tool_calls[0].function"),
    ],
)
def test_a_wrong_message_is_refused_by_its_place(message: dict[str, Any], param: str) -> None:
    assert refusal(message)[1] == param


@pytest.mark.parametrize("kind", ["image_url", "input_audio", "file"])
def test_images_audio_and_files_are_refused_clearly(kind: str) -> None:
    words, param, _ = refusal(user([{"type": "text", "text": "see"}, {"type": kind, kind: {}}]))
    assert (words.startswith("Images, audio"), param) == (True, "messages[0].content[1]")


def test_a_result_without_its_call_is_refused_in_openais_words() -> None:
    words = refusal(user("hi"), {"role": "tool", "tool_call_id": "call_9", "content": ""})[0]
    assert words == (
        "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
    )


@pytest.mark.parametrize("after", [(), (user("never mind"),)])
def test_a_call_without_its_result_is_refused_in_openais_words(
    after: tuple[dict[str, Any], ...],
) -> None:
    calling = {"role": "assistant", "tool_calls": [CALL, {**CALL, "id": "call_2"}]}
    result = {"role": "tool", "tool_call_id": "call_2", "content": ""}
    assert refusal(user("hi"), calling, result, *after)[0] == (
        "An assistant message with 'tool_calls' must be followed by tool messages responding to "
        "each 'tool_call_id'. The following tool_call_ids did not have response messages: call_1"
    )


def test_two_calls_of_one_id_are_refused() -> None:
    calling = {"role": "assistant", "tool_calls": [CALL, CALL]}
    result = {"role": "tool", "tool_call_id": "call_1", "content": ""}
    assert "the same 'id'" in refusal(user("hi"), calling, result)[0]
