"""Images in a message: shown to the models of its turn, a mark in the history, off by default."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from tests.approvals import asked, decided, desk_with
from tests.openai_callers import front_of
from tests.protocol_desks import REFUSED, desk_of, sent, shown
from tests.redis_contents import contents

from frontdesk.agents.wire import IMAGE_TOKENS, sent_tokens
from frontdesk.config import Settings
from frontdesk.contract.messages import Caller, Message
from frontdesk.testing import FakeOpenAI, Visitor, slow

DATA = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="
OTHER = "data:image/webp;base64,UklGRg=="


@pytest.fixture(params=["responses", "chat_completions"])
def api(request: pytest.FixtureRequest) -> str:
    """The protocol that the models speak."""
    return str(request.param)


@pytest_asyncio.fixture
async def http(settings: Settings, api: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Requests, below `/v1`, to a server that takes two images in a message."""
    async with client_of(settings, api, images=2) as client:
        yield client


@pytest_asyncio.fixture
async def closed(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Requests to a server that takes none."""
    async with client_of(settings, "responses") as client:
        yield client


@asynccontextmanager
async def client_of(
    settings: Settings, api: str, **changed: Any
) -> AsyncIterator[httpx2.AsyncClient]:
    mine = settings.model_copy(update=changed)
    async with desk_of(mine, api) as desk, front_of(desk, mine) as front:
        headers = {"Authorization": f"Bearer {front.ann_key}"}
        async with httpx2.AsyncClient(base_url=front.base_url, headers=headers) as client:
            yield client


def _saying(body: dict[str, Any], name: str, kind: str) -> dict[str, Any]:
    body[name][0]["content"][0] = {"type": kind, "text": REFUSED}
    return body


def image(url: str = DATA, **more: str) -> dict[str, str]:
    return {"type": "input_image", "image_url": url, **more}


def chat(*parts: dict[str, str], text: str = "What is on this?", **more: Any) -> dict[str, Any]:
    return {"message": [{"type": "input_text", "text": text}, *parts], **more}


def completion(*urls: str) -> dict[str, Any]:
    images = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    content = [{"type": "text", "text": "What is on this?"}, *images]
    return {"model": "frontdesk", "messages": [{"role": "user", "content": content}]}


def response(*parts: dict[str, str], **more: Any) -> dict[str, Any]:
    content = [{"type": "input_text", "text": "What is on this?"}, *parts]
    return {"model": "frontdesk", "input": [{"role": "user", "content": content}], **more}


BODIES = {
    "chat": chat(image()),
    "chat/completions": completion(DATA),
    "responses": response(image()),
}
"""A message with an image, by where it is sent."""
ORDER = "Where is my order 2024-1001?"
"""A handler of the shop answers this."""


@pytest.mark.parametrize("path", BODIES)
async def test_the_models_are_shown_the_image_after_the_text(
    http: httpx2.AsyncClient, upstream: FakeOpenAI, path: str
) -> None:
    answer = await http.post(f"/{path}", json=BODIES[path])
    assert answer.status_code == 200, answer.text
    body = sent(upstream)
    [text, picture] = (body.get("input") or body["messages"])[-1]["content"]
    assert text["text"] == "What is on this?\n[image]"
    found = picture["image_url"]
    assert (found["url"] if isinstance(found, dict) else found) == DATA


async def test_the_next_turn_is_told_that_there_was_one(
    http: httpx2.AsyncClient, upstream: FakeOpenAI
) -> None:
    first = (await http.post("/chat", json=chat(image(detail="low")))).json()
    await http.post("/chat", json={"message": "And now?", "session_id": first["session_id"]})
    assert "What is on this?\\n[image]" in shown(upstream)
    assert "base64" not in shown(upstream)


async def test_the_receipt_says_that_nobody_looked_at_it(http: httpx2.AsyncClient) -> None:
    seen = (await http.post("/chat", json=chat(image()))).json()
    without = (await http.post("/chat", json=chat())).json()
    assert [each["receipt"]["unchecked"] for each in (seen, without)] == [["image"], []]


async def test_the_same_words_with_an_image_are_no_kept_answer(
    http: httpx2.AsyncClient, upstream: FakeOpenAI
) -> None:
    rungs = []
    for part in (image(), image(OTHER), image()):
        text = "Please describe everything in the picture"
        rungs.append((await http.post("/chat", json=chat(part, text=text))).json()["rung"])
    assert (rungs, upstream.calls) == (["triage"] * 3, 3)


async def test_a_turn_goes_on_with_its_image_after_an_approval(
    settings: Settings, upstream: FakeOpenAI, api: str
) -> None:
    async with desk_with(settings, [], model_api=api) as desk:
        ann = Visitor(desk, "ann")
        waiting = await asked(ann, upstream, images=(image(),))
        result = await decided(ann, waiting)
    assert (result.status, DATA in shown(upstream)) == ("completed", True)


async def test_nothing_of_an_image_is_kept_after_its_turn(ann: Visitor, redis: Redis) -> None:
    await ann.ask("What is on this?", images=(image(),))
    kept = await contents(redis)
    assert (b"What is on this?" in kept, DATA.encode() in kept) == (True, False)


async def test_no_handler_answers_a_message_with_an_image(ann: Visitor) -> None:
    rungs = [(await ann.ask(ORDER, images=given)).rung for given in ((), (image(),))]
    assert rungs[0] == "handler"
    assert rungs[1] != "handler"


def test_an_image_is_reckoned_by_a_figure_and_not_by_its_bytes() -> None:
    text = {"type": "input_text", "text": "Look"}
    sizes = [
        sent_tokens([{"role": "user", "content": [text, *images]}])
        for images in ([], [image(DATA * 1000)], [image(), image()])
    ]
    assert [size - sizes[0] for size in sizes] == [0, IMAGE_TOKENS, 2 * IMAGE_TOKENS]


async def test_an_image_alone_is_a_message(http: httpx2.AsyncClient, upstream: FakeOpenAI) -> None:
    answer = await http.post("/chat", json={"message": [image()]})
    assert (answer.json()["status"], DATA in shown(upstream)) == ("completed", True)


async def test_an_image_that_came_earlier_in_a_clients_history_is_a_mark(
    http: httpx2.AsyncClient, upstream: FakeOpenAI
) -> None:
    body = completion(DATA)
    body["messages"] += [
        {"role": "assistant", "content": "A cat."},
        {"role": "user", "content": "Sure?"},
    ]
    assert (await http.post("/chat/completions", json=body)).status_code == 200
    assert ("[image]" in shown(upstream), "base64" in shown(upstream)) == (True, False)


async def test_the_next_response_of_a_chain_has_the_mark(
    http: httpx2.AsyncClient, upstream: FakeOpenAI
) -> None:
    first = (await http.post("/responses", json=response(image()))).json()
    more = {"model": "frontdesk", "input": "Sure?", "previous_response_id": first["id"]}
    await http.post("/responses", json=more)
    items = (await http.get(f"/responses/{first['id']}/input_items")).json()["data"]
    assert items[0]["content"][1]["text"] == "[image]"
    assert ("[image]" in shown(upstream), "base64" in shown(upstream)) == (True, False)


async def test_a_message_that_waits_keeps_its_image(
    http: httpx2.AsyncClient, upstream: FakeOpenAI
) -> None:
    upstream.script(slow(0.02))
    first = {"message": "[long:20]", "background": True}
    session = (await http.post("/chat", json=first)).json()["session_id"]
    answer = await http.post("/chat", json=chat(image(), session_id=session))
    assert (answer.json()["status"], DATA in shown(upstream)) == ("completed", True)


@pytest.mark.parametrize("path", BODIES)
async def test_a_blocked_text_sends_no_image(
    http: httpx2.AsyncClient, upstream: FakeOpenAI, path: str
) -> None:
    bodies = {
        "chat": chat(image(), text=REFUSED),
        "chat/completions": _saying(completion(DATA), "messages", "text"),
        "responses": _saying(response(image()), "input", "input_text"),
    }
    assert (await http.post(f"/{path}", json=bodies[path])).status_code == 200
    assert upstream.calls == 0


@pytest.mark.parametrize(
    ("path", "status"), [("chat", 422), ("chat/completions", 400), ("responses", 400)]
)
async def test_where_none_are_taken_the_answer_says_what_to_set(
    closed: httpx2.AsyncClient, upstream: FakeOpenAI, path: str, status: int
) -> None:
    answer = await closed.post(f"/{path}", json=BODIES[path])
    assert (answer.status_code, upstream.calls) == (status, 0)
    assert "FRONTDESK_IMAGES" in answer.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("chat", chat(*[image()] * 3)),
        ("chat/completions", completion(*[DATA] * 3)),
        ("responses", response(*[image()] * 3)),
    ],
)
async def test_too_many_are_refused(
    http: httpx2.AsyncClient, path: str, body: dict[str, Any]
) -> None:
    answer = await http.post(f"/{path}", json=body)
    assert answer.status_code in (400, 422)
    assert "at most 2 images" in answer.text


@pytest.mark.parametrize(
    "url",
    [
        "data:image/svg+xml;base64,PHN2Zy8+",
        "data:image/webp;base64,",
        "data:image/png;base64,abc",
        "data:image/png,abcd",
        "data:image/png;base64,abcd\n",
        "https://cats.example/cat.png",
        "file:///etc/passwd",
    ],
)
async def test_another_form_of_image_is_refused_without_repeating_it(
    http: httpx2.AsyncClient, upstream: FakeOpenAI, url: str
) -> None:
    bodies = {"chat": chat(image(url)), "chat/completions": completion(url)}
    for path, body in {**bodies, "responses": response(image(url))}.items():
        answer = await http.post(f"/{path}", json=body)
        assert answer.status_code in (400, 422)
        assert ("with png, jpeg, webp or gif" in answer.text, url in answer.text) == (True, False)
    assert upstream.calls == 0


async def test_a_file_is_refused_in_plain_words(http: httpx2.AsyncClient) -> None:
    part = {"type": "input_file", "file_data": "x"}
    answers = [
        await http.post("/chat", json=chat(part)),
        await http.post("/responses", json=response(part)),
    ]
    assert [answer.status_code for answer in answers] == [422, 400]
    assert all("files" in answer.text for answer in answers)


def test_a_message_without_words_has_no_image() -> None:
    message = Message("turn_1", Caller("acme", "ann"), "hi", images=(image(),))
    assert message.wordless().images == ()
