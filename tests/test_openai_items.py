"""Items of the Responses API: what clients may send, and what models are shown of it."""

from typing import Any

import pytest

from frontdesk.contract.messages import Caller, Message
from frontdesk.server.openai.errors import Refused
from frontdesk.server.openai.items import check_calls, given_items, wire_item
from frontdesk.server.openai.responses_messages import asking, guarded, recent

CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "42"}
ASSISTANT = {"role": "assistant", "content": "Hi."}


def items(*given: Any) -> Any:
    return given_items(list(given), "Xi", {}, "input")


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def test_a_string_is_one_message_of_the_user() -> None:
    (item,) = given_items("Hello", "Xi", {}, "input")
    assert item == {
        "id": "msg_Xi0",
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_text", "text": "Hello"}],
    }


def test_the_answers_of_an_assistant_need_no_id_status_or_annotations() -> None:
    (item,) = items({"role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]})
    assert item["content"] == [
        {"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}
    ]


def test_the_phase_of_an_answer_stays_with_it() -> None:
    (item,) = items({**ASSISTANT, "phase": "commentary"})
    assert item["phase"] == "commentary"


@pytest.mark.parametrize(
    ("given", "param"),
    [
        (7, "input"),
        ([7], "input[0]"),
        ([{"role": "robot", "content": "x"}], "input[0].role"),
        ([{"role": "user"}], "input[0].content"),
        ([{"role": "user", "content": 7}], "input[0].content"),
        ([{"role": "user", "content": [{"type": "input_image"}]}], "input[0].content[0]"),
        ([{"role": "user", "content": [{"type": "input_text"}]}], "input[0].content[0].text"),
        ([user("a"), user("b\0")], "input[1].content"),
        ([{"type": "computer_call"}], "input[0]"),
        ([{**CALL, "name": None}], "input[0].name"),
        ([{**OUTPUT, "output": None}], "input[0].output"),
        ([{"type": "item_reference", "id": "msg_none"}], "input[0]"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(given: Any, param: str) -> None:
    with pytest.raises(Refused) as refused:
        given_items(given, "Xi", {}, "input")
    assert (refused.value.refusal.status, refused.value.refusal.param) == (400, param)


def test_a_reference_stands_for_the_item_that_it_names() -> None:
    (known,) = items(user("Earlier"))
    (item,) = given_items([{"type": "item_reference", "id": "msg_1"}], "Y", {"msg_1": known}, "i")
    assert (item["id"], item["content"]) == ("msg_Y0", known["content"])


def test_models_see_neither_ids_nor_reasoning_of_another_server() -> None:
    shown = [wire_item(item) for item in items(CALL, {"type": "reasoning", "summary": []})]
    assert shown == [CALL, None]


def test_a_call_without_an_output_is_refused_in_openais_words() -> None:
    with pytest.raises(Refused, match="No tool output found for function call call_1"):
        check_calls(items(CALL, user("And?")))


def test_an_output_without_a_call_is_refused_in_openais_words() -> None:
    with pytest.raises(Refused, match="No tool call found for function call output with call_id"):
        check_calls(items(OUTPUT))


def test_the_last_message_asks_and_all_before_it_is_context() -> None:
    said = asking(items(user("One"), ASSISTANT), items(user("Two")), None)
    assert said.text == "Two"
    assert [item["role"] for item in said.context] == ["user", "assistant"]


def test_outputs_at_the_end_ask_without_a_message() -> None:
    said = asking(items(user("One"), CALL), items(OUTPUT), None)
    assert (said.text, said.context[-1]) == ("", OUTPUT)


def test_what_stands_above_comes_before_the_instructions_of_the_request() -> None:
    system = {"role": "system", "content": "Be a pirate."}
    said = asking((), items(system, user("Hello")), "Be short.")
    assert (said.instructions, said.context) == ("Be a pirate.\n\nBe short.", ())


@pytest.mark.parametrize("own", [[], [ASSISTANT], [{"role": "system", "content": "x"}]])
def test_somebody_has_to_ask(own: list[Any]) -> None:
    with pytest.raises(Refused, match="must end with a message of the user"):
        asking((), items(*own), None)


def test_an_empty_message_is_refused() -> None:
    with pytest.raises(Refused, match="the message is empty"):
        asking((), items(user("  ")), None)


def test_what_is_kept_is_what_the_guardrails_let_pass() -> None:
    own = items(user("I am a@b.kr"), CALL, ASSISTANT, OUTPUT, user("and c@d.kr"))
    said = asking((), own, None)
    shown = ({"role": "user", "content": "I am [E]"}, ASSISTANT, CALL, {**OUTPUT, "output": "[N]"})
    message = Message("turn_1", Caller("acme", "ann"), "and [E]", context=shown)
    texts = [wire_item(item) for item in guarded(own, said, message)]
    assert texts == [
        wire_item(item)
        for item in items(
            user("I am [E]"), CALL, ASSISTANT, {**OUTPUT, "output": "[N]"}, user("and [E]")
        )
    ]


def test_instructions_that_were_redacted_are_not_kept_as_they_came() -> None:
    own = items({"role": "system", "content": "Call a@b.kr"}, user("Hello"))
    message = Message("turn_1", Caller("acme", "ann"), "Hello", instructions="Call [E]", context=())
    assert "a@b.kr" not in str(guarded(own, asking((), own, None), message))


def test_of_a_long_past_the_last_turns_stay_and_what_stands_above() -> None:
    system = {"role": "system", "content": "Be brief."}
    past = items(system, *[each for n in range(600) for each in (user(f"M{n}"), ASSISTANT)])
    kept = recent(past)
    assert (len(kept), kept[0], kept[1]["role"]) == (1001, past[0], "user")
    assert kept[-1] == past[-1]
    assert recent(past[:900]) == past[:900]
