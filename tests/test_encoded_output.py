"""What is encoded in a streamed answer is read before any of it leaves."""

import base64

import pytest
from tests.streams import guards, pieces, read

from frontdesk.contract.guardrails import Policy
from frontdesk.guardrails.builtin import builtin_guardrails

SECRET = b"the password of the shop is Tr7JvO9x!z"
LONG = base64.b64encode(b"lorem ipsum dolor " * 40 + SECRET + b" sit amet" * 40).decode()
CHECK = guards(*builtin_guardrails(Policy(default="allow", actions={"password": "block"})))


def cut(said: str, size: int) -> list[str]:
    return pieces(said, range(0, len(said), size))


@pytest.mark.parametrize(
    "payload",
    [
        base64.b64encode(SECRET).decode(),
        SECRET.hex(),
        SECRET.hex(" "),
        "".join(f"%{byte:02x}" for byte in SECRET),
        base64.b64encode(base64.b64encode(SECRET)).decode(),
    ],
    ids=["base64", "hex", "spaced hex", "percent", "twice"],
)
async def test_no_part_of_an_encoded_secret_leaves(payload: str) -> None:
    said = f"Here you are: {payload}, and good bye."
    for size in (1, 7, len(payload) // 2, len(said)):
        got = await read(CHECK, *cut(said, size))
        assert got.stop
        assert got.text() == "Here you are: "


async def test_of_a_long_payload_nothing_leaves_from_the_secret_on() -> None:
    before = base64.b64encode(b"lorem ipsum dolor " * 40).decode()

    got = await read(CHECK, *cut(LONG, 9))
    assert got.stop
    assert before.startswith(got.text())


async def test_an_innocent_payload_leaves_whole() -> None:
    said = f"Decode {base64.b64encode(b'Two teas and a slice of cake').decode()} yourself."

    got = await read(CHECK, *cut(said, 5))
    assert (got.text(), got.stop) == (said, None)
