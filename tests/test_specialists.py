"""Specialists as plugins: their prompt file, their model, and the messages that come to them."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.brought import bringing, load

from frontdesk.assembly import open_desk
from frontdesk.config import Settings
from frontdesk.contract.parts import Parts, Specialist
from frontdesk.contract.turns import TurnResult
from frontdesk.plugins import load_plugins
from frontdesk.testing import FakeOpenAI, Visitor, text

BILLING = Specialist(
    "billing",
    "Invoices and payments.",
    "You know every invoice.",
    model="gpt-5-mini",
    routes=(r"\binvoice\b", r"청구서|세금계산서"),
)
REPAIRS = Specialist("repairs", "Broken goods.", "You mend.", routes=(r"\bbroken\b", r"고장"))
DESK = bringing(Parts(specialists=(BILLING, REPAIRS)))


async def asked(settings: Settings, upstream: FakeOpenAI, *messages: str) -> list[TurnResult]:
    """What a desk with both specialists makes of the messages of one session."""
    upstream.script(*(text("Certainly.") for _ in messages))
    async with open_desk(settings, plugins={"desk": DESK}) as desk:
        ann = Visitor(desk, "ann")
        return [await ann.ask(message) for message in messages]


def routed(result: TurnResult) -> tuple[str, str]:
    """What the receipt says of the routes."""
    assert result.receipt
    (use,) = [use for use in result.receipt.handlers if use.name == "routes"]
    return use.effect, use.why


@pytest.mark.parametrize("message", ["Where is my INVOICE?", "청구서 다시 보내 주세요"])
async def test_a_clear_message_goes_to_its_specialist_without_triage(
    settings: Settings, upstream: FakeOpenAI, message: str
) -> None:
    [result] = await asked(settings, upstream, message)

    assert (result.agent, result.rung) == ("billing", "specialist")
    assert (routed(result), upstream.calls) == (("route", ""), 1)


async def test_a_message_for_two_specialists_is_left_to_triage(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    [result] = await asked(settings, upstream, "The invoice for the broken lamp, please")

    assert (result.agent, routed(result)) == ("triage", ("pass", "ambiguous"))


async def test_a_specialist_that_holds_the_session_keeps_it_from_routes(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    _, second = await asked(settings, upstream, "My invoice?", "And it arrived broken")

    assert (second.agent, routed(second)) == ("billing", ("pass", ""))


async def test_a_specialist_is_asked_with_its_own_model(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    [result] = await asked(settings, upstream, "My invoice?")

    assert upstream.requests[-1].body["model"] == "gpt-5-mini"
    assert result.receipt
    assert [(use.agent, use.model) for use in result.receipt.by_model] == [
        ("billing", "gpt-5-mini")
    ]


async def test_a_prompt_file_is_read_beside_the_plugin(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    (folder / "prompts").mkdir(parents=True)
    (folder / "prompts" / "billing.md").write_text("You know every invoice. 네.", "utf-8")
    (folder / "billing.py").write_text(
        """
from contextlib import asynccontextmanager
from frontdesk.contract.parts import Parts, Specialist

@asynccontextmanager
async def plugin(place):
    yield Parts(specialists=(Specialist("billing", "Pay.", prompt_file="prompts/billing.md"),))
""",
        "utf-8",
    )
    async with load_plugins(settings.model_copy(update={"plugins_dir": folder})) as loaded:
        prompts = [each.prompt for each in loaded.parts.specialists]

    assert prompts == ["You know every invoice. 네."]


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"prompt_file": "gone.md"}, "gone.md cannot be read: No such file"),
        ({"prompt_file": __file__ + "c"}, "test_specialists.pyc cannot be read"),
        ({"prompt": " "}, "neither `prompt` nor `prompt_file`"),
        ({"routes": ("(",)}, "its route '(' is no regular expression"),
    ],
)
async def test_a_specialist_that_cannot_work_is_left_out_and_the_others_stay(
    tmp_path: Path, change: dict[str, object], cause: str
) -> None:
    bad = replace(BILLING, **change)  # type: ignore[arg-type]  # the parameters are its fields
    loaded = await load(tmp_path, desk=bringing(Parts(specialists=(bad, REPAIRS))))

    assert [each.name for each in loaded.parts.specialists] == ["repairs"]
    [problem] = loaded.problems
    assert problem.startswith("desk (given to the desk): its specialist billing is left out")
    assert cause in problem
