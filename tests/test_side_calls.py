"""Calls that chat clients make for themselves are known; what a person asks is never one."""

from pathlib import Path
from typing import Any

import pytest

from frontdesk.contract.errors import SettingsError
from frontdesk.server.openai.chat_bodies import chat_completion_body
from frontdesk.server.openai.filing import asked
from frontdesk.server.openai.side_calls import read_side_calls

CHAT = "\n### Chat History:\n<chat_history>\nUSER: hi\n</chat_history>"
TITLE = "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat." + CHAT
RULES = read_side_calls(None)


def kind(*messages: Any, task: str = "", **more: Any) -> str | None:
    """What is done with the request; text stands for a message of the user."""
    told = [{"role": "user", "content": m} if isinstance(m, str) else m for m in messages]
    body = chat_completion_body({"model": "frontdesk", "messages": told, **more})
    return RULES.kind_of(asked(body, task))


def system(text: str) -> dict[str, str]:
    return {"role": "system", "content": text}


@pytest.mark.parametrize(
    "opening",
    [
        "Generate a concise, 3-5 word title with an emoji summarizing the chat history.",
        "Generate 1-3 broad tags categorizing the main themes of the chat history",
        "Suggest 3-5 relevant follow-up questions or prompts",
        "Analyze the chat history to determine the necessity of generating search queries",
        "Generate a detailed prompt for am image generation task",
        "You are an autocompletion system. Continue the text",
    ],
)
def test_the_templates_of_open_webui_are_known(opening: str) -> None:
    assert kind(f"### Task:\n{opening}{CHAT}") == "aside"


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("Provide a concise, 5-word-or-less title for the conversation, using title case", {}),
        ("Your task is to reflect the speaker's likely facial expression", {"max_tokens": 4}),
        (
            "Given the following... please reply with a title for the chat that is 3-4 words in "
            "length, all words used should be directly related",
            {"max_tokens": 12, "stream": True},
        ),
    ],
)
def test_the_templates_of_others_are_known(text: str, more: dict[str, Any]) -> None:
    assert kind(text, **more) == "aside"


def test_a_title_as_a_structure_is_known_although_it_forces_a_tool() -> None:
    tool = {"type": "function", "function": {"name": "title"}}
    words = "Analyze this conversation and provide:\n1. The detected language\n2. A title"
    assert kind(words, tools=[tool], tool_choice=tool) == "aside"


def test_the_choice_of_tools_by_a_template_is_known() -> None:
    template = system('Available Tools: []\n\nReturn {"tool_calls": []}')
    assert kind(template, "Query: History:\nUSER: hi") == "aside"


@pytest.mark.parametrize("task", ["title_generation", "tags_generation", "emoji_generation"])
def test_a_task_that_the_client_names_is_known_whatever_is_said(task: str) -> None:
    assert kind("Name this, in my own template", task=task, stream=True) == "aside"


@pytest.mark.parametrize("task", ["", "{{TASK}}", "something_new"])
def test_a_header_without_a_task_is_a_persons_message(task: str) -> None:
    assert kind("hi", task=task) is None


def test_an_answer_merged_from_several_is_shown_and_kept_nowhere() -> None:
    merged = "You have been provided with a set of responses from various models to the latest"
    assert kind(merged, stream=True) == "unfiled"
    assert kind("my own template", task="moa_response_generation", stream=True) == "unfiled"


def test_a_question_with_retrieved_documents_is_a_persons() -> None:
    retrieval = (
        "### Task:\nRespond to the user query using the provided context, incorporating inline "
        "citations.\n<context>Generate a concise, 3-5 word title with an emoji</context>" + CHAT
    )
    assert kind(retrieval) is None


@pytest.mark.parametrize(
    ("messages", "more"),
    [
        ((TITLE,), {"stream": True}),
        (("hi", {"role": "assistant", "content": "hello"}, TITLE), {}),
        ((TITLE,), {"tools": [{"type": "function", "function": {"name": "look"}}]}),
        ((f"Why does my client send this? {TITLE}",), {}),
        ((TITLE.partition("\n###")[0].replace("chat.", "book."),), {}),
        (("Your task is to reflect the speaker's likely facial expression",), {}),
        (("reply with a title for the chat that is 3-4 words in length",), {}),
        ((system("Available Tools: saw, hammer. tool_calls"), "hi"), {"stream": True}),
    ],
)
def test_what_only_looks_like_a_template_is_a_persons(
    messages: tuple[Any, ...], more: dict[str, Any]
) -> None:
    assert kind(*messages, **more) is None


def test_a_deployment_can_replace_the_rules(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[[rule]]\nclient = "Ours"\nbegins = "Name it"\ndone = "aside"\n')
    rules = read_side_calls(path)
    body = {"model": "x", "messages": [{"role": "user", "content": "Name it: a  dog"}]}
    assert rules.kind_of(asked(chat_completion_body(body), "")) == "aside"
    body["messages"] = [{"role": "user", "content": TITLE}]
    assert rules.kind_of(asked(chat_completion_body(body), "")) is None


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[[rule]\n", "rules.toml"),
        ('[[rule]]\nclient = "Ours"\ndone = "never"\n', "rule.0.done"),
        ('[[rule]]\nclient = "Ours"\ndone = "aside"\nstarts = "x"\n', "rule.0.starts"),
    ],
)
def test_a_wrong_file_of_rules_is_named_at_the_start(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=wrong):
        read_side_calls(path)
