"""Two tenants with two users each, who have everything that a user can have."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from redis.asyncio import Redis
from tests.approvals import REFUND

from frontdesk.contract.keys import OwnerKeys, owner_of
from frontdesk.server.api_keys import ApiKeys
from frontdesk.testing import FakeOpenAI, text, tool_call
from frontdesk.testing.fake_openai.answers import Reply

SECRET = "a secret for tests"
USERS = (("acme", "ann"), ("acme", "bob"), ("zenith", "ann"), ("zenith", "bob"))
EVERYTHING = ("chat", "read", "act-as-user", "approve", "admin")


@dataclass(frozen=True, slots=True)
class Inhabitant:
    """A user, the headers that speak for them, the word that nobody else may see, and the ids of
    what they have, by kind.
    """

    tenant: str
    user: str
    headers: dict[str, str]
    word: str = field(default_factory=lambda: f"marzipan-{secrets.token_hex(8)}")
    has: dict[str, str] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """What all keys of the user begin with."""
        return OwnerKeys(owner_of(SECRET.encode(), self.tenant, self.user)).prefix

    def sees_in(self, answer: httpx2.Response, sent: Mapping[str, str]) -> bool:
        """Whether the answer shows something of theirs that was not sent with the question."""
        shown = answer.text + str(answer.headers)
        ids = set(self.has.values()) - set(sent.values())
        return self.word in shown or any(each in shown for each in ids)


async def move_in(
    http: httpx2.AsyncClient, upstream: FakeOpenAI, redis: Redis, routes: set[str]
) -> tuple[Inhabitant, ...]:
    """Makes all of them; what no route makes yet, they do not have."""
    keys = ApiKeys(redis)
    made = []
    for tenant, user in USERS:
        _, key = await keys.create(tenant, user)
        made.append(Inhabitant(tenant, user, {"Authorization": f"Bearer {key}"}))
        await _furnish(http, upstream, made[-1], routes)
    return tuple(made)


async def strangers(keys: ApiKeys, settled: Mapping[str, Inhabitant]) -> dict[str, Inhabitant]:
    """Who is not `ann` of `acme`, with their credentials and what is their own."""
    backend = (await keys.create("zenith", scopes=EVERYTHING))[1]
    approver = (await keys.create("acme", scopes=["approve"]))[1]
    bob, namesake = settled["acme bob"], settled["zenith ann"]
    named = {
        "a backend of another tenant that names the same user": (namesake, backend, "ann"),
        "an approver who names another user": (bob, approver, "bob"),
    }
    return {"another user": bob, "the same name at another tenant": namesake} | {
        who: Inhabitant(
            one.tenant,
            one.user,
            {"Authorization": f"Bearer {key}", "X-Frontdesk-User": user},
            one.word,
            one.has,
        )
        for who, (one, key, user) in named.items()
    }


async def property_of(redis: Redis, prefix: str) -> dict[bytes, bytes | None]:
    """All that an owner has in Redis, as it is stored."""
    return {
        key: await redis.dump(key) async for key in redis.scan_iter(match=f"{prefix}*", count=1000)
    }


async def _furnish(
    http: httpx2.AsyncClient, upstream: FakeOpenAI, who: Inhabitant, routes: set[str]
) -> None:
    async def make(path: str, body: Any, *kept: tuple[str, str], says: Reply | None = None) -> Any:
        if f"POST {path}" not in routes:
            return {}
        if says:
            upstream.script(says)
        answer = await http.post(path, json=body, headers=who.headers)
        assert answer.is_success, f"{path}: {answer.text}"
        who.has.update({kind: answer.json()[name] for kind, name in kept})
        return answer.json()

    said, keep = f"My word is {who.word}.", text(f"I keep {who.word}.")
    kept = (("session", "session_id"), ("turn", "turn_id"))
    await make("/v1/chat", {"message": said}, *kept, says=keep)
    back = {"message": f"Money back, {who.word}!"}
    waiting = await make("/v1/chat", back, ("waiting", "turn_id"), says=tool_call(*REFUND))
    who.has["approval"] = waiting["required_actions"][0]["approval_id"]
    await make("/v1/users/me/facts", {"fact": said}, ("fact", "id"))
    responds = {"model": "frontdesk", "input": said}
    await make("/v1/responses", responds, ("response", "id"), says=keep)
    item = {"type": "message", "role": "user", "content": said}
    if await make("/v1/conversations", {"items": [item]}, ("conversation", "id")):
        items = f"/v1/conversations/{who.has['conversation']}/items"
        answer = await http.get(items, headers=who.headers)
        who.has["item"] = answer.json()["data"][0]["id"]
