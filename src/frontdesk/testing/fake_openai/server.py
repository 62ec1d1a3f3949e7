"""The fake's server: what was asked, counted and kept, and what it is told to answer."""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias

import orjson

from frontdesk.testing.fake_openai import completions, markers, moderations, responses
from frontdesk.testing.fake_openai.answers import Reply
from frontdesk.testing.fake_openai.connection import Answered, Asked, Connection
from frontdesk.testing.fake_openai.questions import (
    CHAT,
    RESPONSES,
    Question,
    Refused,
    read_body,
    read_question,
)
from frontdesk.testing.fake_openai.tokens import Piece, streamed

MODELS = ("gpt-6-luna", "gpt-6.1-sol")


@dataclass(frozen=True, slots=True)
class Request:
    """One request for an answer that the fake received: its decoded body, header names in lower
    case.
    """

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


Mind: TypeAlias = Callable[[Question], Reply]
"""What says the answer to a question."""


class FakeOpenAI:
    """A running fake. `calls` counts the requests for an answer, also those that were refused or
    answered with an error; `requests` holds the last of them; `active` counts the answers that are
    being written.
    """

    def __init__(
        self, *, first_token_s: float, token_s: float, keep: int | None, mind: Mind
    ) -> None:
        self.base_url, self._mind = "", mind
        self.calls = 0
        self._first_token_s, self._token_s = first_token_s, token_s
        self._requests: deque[Request] = deque(maxlen=keep)
        self._script: deque[Reply] = deque()
        self._run, self._count = secrets.token_hex(6), count(1)
        self.peers: set[Connection] = set()

    @property
    def requests(self) -> list[Request]:
        """What was asked, oldest first."""
        return list(self._requests)

    @property
    def active(self) -> int:
        """How many answers are being written right now."""
        return sum(peer.writing is not None for peer in self.peers)

    @property
    def scripted(self) -> int:
        """How many scripted answers are left."""
        return len(self._script)

    def script(self, *replies: Reply) -> None:
        """Queues answers: each is given once, in order; then the markers decide again."""
        self._script.extend(replies)

    def reset(self) -> None:
        """Forgets script, requests and count."""
        self._script.clear()
        self._requests.clear()
        self.calls = 0

    def answer(self, asked: Asked) -> Answered:
        """Answers one HTTP request."""
        headers = {"x-request-id": self._fresh("req_")}
        try:
            if asked.path in (RESPONSES, CHAT):
                return self._reply(asked, headers)
            if asked.path == moderations.PATH:
                return _moderation(asked, headers)
            return _listing(asked, headers)
        except Refused as refused:
            return _refusal(refused, headers)

    def _fresh(self, prefix: str) -> str:
        return f"{prefix}{self._run}{next(self._count):08x}"

    def _reply(self, asked: Asked, headers: dict[str, str]) -> Answered:
        if asked.method != "POST":
            raise Refused(f"Not allowed to {asked.method} on {asked.path}.", status=405)
        self.calls += 1
        body = read_body(asked.raw)
        self._requests.append(Request(asked.path, asked.headers, body))
        question = read_question(asked.path, body, len(asked.raw))
        reply = self._script.popleft() if self._script else self._mind(question)
        if reply.status != 200:
            return _error(reply, headers)
        pieces = self._pieces(reply, question, asked.path)
        return Answered(pieces, headers=headers, stream=question.stream, cut=reply.cut)

    def _pieces(self, reply: Reply, question: Question, path: str) -> Iterator[tuple[float, bytes]]:
        api = responses if path == RESPONSES else completions
        if question.stream:
            return self._paced(reply, api.frames(reply, question, self._fresh))
        body = api.whole(reply, question, self._fresh)
        spoken = max(1, len(streamed(reply)) + len(reply.calls))
        wait = sum(self._wait(reply, first=index == 0) for index in range(spoken))
        return iter([(wait, body[:-9] if reply.malformed else body)])

    def _paced(self, reply: Reply, frames: Iterable[Piece]) -> Iterator[tuple[float, bytes]]:
        first = True
        for is_token, frame in frames:
            yield self._wait(reply, first) if is_token else 0.0, frame
            first = first and not is_token

    def _wait(self, reply: Reply, first: bool) -> float:
        if reply.token_s is not None:
            return reply.token_s
        return self._first_token_s if first else self._token_s


@asynccontextmanager
async def fake_openai(
    *,
    first_token_s: float = 0.0,
    token_s: float = 0.0,
    port: int = 0,
    keep: int | None = None,
    mind: Mind = markers.answer,
) -> AsyncIterator[FakeOpenAI]:
    """Serves a fake OpenAI on loopback; port 0 takes a free one.

    `first_token_s` and `token_s` are the seconds before the first and before each further word;
    `keep` bounds how many requests are kept (None: all). `mind` answers what no script does.
    """
    fake = FakeOpenAI(first_token_s=first_token_s, token_s=token_s, keep=keep, mind=mind)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(fake.answer, fake.peers), "127.0.0.1", port, backlog=1024
    )
    fake.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield fake
    finally:
        server.close()
        await _leave(fake.peers)


async def _leave(peers: set[Connection]) -> None:
    writing = [peer.writing for peer in peers if peer.writing]
    for task in writing:
        task.cancel()
    await asyncio.gather(*writing, return_exceptions=True)
    for peer in list(peers):
        peer.close()
    await asyncio.sleep(0)


def _moderation(asked: Asked, headers: Mapping[str, str]) -> Answered:
    body = read_body(asked.raw)
    answer = moderations.judged(str(body.get("input", "")), str(body.get("model", "")))
    return Answered([(0.0, orjson.dumps(answer))], headers=headers)


def _listing(asked: Asked, headers: Mapping[str, str]) -> Answered:
    if asked.path != "/v1/models":
        raise Refused(f"Invalid URL ({asked.method} {asked.path})", status=404)
    if asked.method != "GET":
        raise Refused(f"Not allowed to {asked.method} on {asked.path}.", status=405)
    models = [
        {"id": name, "object": "model", "created": 1_790_000_000, "owned_by": "fake"}
        for name in MODELS
    ]
    body = orjson.dumps({"object": "list", "data": models})
    return Answered([(0.0, body)], headers=headers)


def _error(reply: Reply, headers: dict[str, str]) -> Answered:
    refused = Refused(f"The fake was asked for status {reply.status}.", status=reply.status)
    refused.code = reply.code or ("rate_limit_exceeded" if reply.status == 429 else None)
    if reply.retry_after is not None:
        headers["retry-after"] = f"{reply.retry_after:g}"
    return _refusal(refused, headers)


def _refusal(refused: Refused, headers: Mapping[str, str]) -> Answered:
    error = {
        "message": refused.message,
        "type": _kind(refused.status),
        "param": refused.param,
        "code": refused.code,
    }
    return Answered([(0.0, orjson.dumps({"error": error}))], refused.status, headers)


def _kind(status: int) -> str:
    if status == 429:
        return "requests"
    return "server_error" if status >= 500 else "invalid_request_error"
