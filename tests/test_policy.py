"""The policy as a file: what it says, what it may not say, and how it is read again."""

import os
import re
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from frontdesk.config import Settings
from frontdesk.contract.context import Ledger
from frontdesk.contract.errors import SettingsError
from frontdesk.contract.guardrails import SORRY, Policy, Stage
from frontdesk.guardrails.builtin import builtin_guardrails
from frontdesk.guardrails.chain import Guards
from frontdesk.guardrails.policy import STAGES, default_policy, parse_policy, read_policy
from frontdesk.guardrails.policy_file import PolicyFile, policy_source

ACTIONS = {
    "block": "resident_number foreigner_number passport licence ssn card secret password "
    "seed_phrase one_time_code secret_request profanity threat injection",
    "redact": "phone email account iban address birth_date ip",
    "flag": "injection_suspected",
    "allow": "business_number",
}


def refusal(text: str) -> str:
    with pytest.raises(SettingsError) as refused:
        parse_policy(text, "p.toml")
    return refused.value.detail


@pytest.mark.parametrize(("action", "categories"), ACTIONS.items())
def test_the_default_blocks_redacts_flags_and_allows(action: str, categories: str) -> None:
    policy = default_policy()
    assert {policy.action("input", each) for each in categories.split()} == {action}


@pytest.mark.parametrize("stage", ["tool", "output"])
def test_numbers_of_identity_are_redacted_after_the_input(stage: Stage) -> None:
    assert default_policy().action(stage, "resident_number") == "redact"


def test_the_page_shows_the_default_policy() -> None:
    page = (Path(__file__).parent.parent / "docs" / "guardrails.md").read_text("utf-8")
    shown: dict[str, str] = {}
    for names, *actions in re.findall(
        r"^\| ((?:`\w+` ?)+) \| (\w+) \| (\w+) \| (\w+) \|$", page, re.M
    ):
        for name in re.findall(r"\w+", names):
            shown |= {f"{stage}.{name}": each for stage, each in zip(STAGES, actions, strict=True)}
    categories = {key.rpartition(".")[2] for key in default_policy().actions}
    assert shown == {
        f"{stage}.{name}": default_policy().action(stage, name)
        for stage in STAGES
        for name in categories
    }


def test_the_default_speaks_both_languages_about_everything() -> None:
    messages = default_policy().messages
    assert messages["en"].keys() == messages["ko"].keys()
    assert set(SORRY["en"]) <= set(messages["en"])


def test_a_file_is_laid_over_the_default() -> None:
    policy = parse_policy('[actions]\nphone = "allow"\n[actions.output]\nemail = "flag"', "p.toml")
    assert policy.action("input", "phone") == "allow"
    assert (policy.action("input", "email"), policy.action("output", "email")) == ("redact", "flag")
    assert policy.action("input", "card") == "block"


def test_what_is_said_for_all_stages_holds_at_all_stages() -> None:
    policy = parse_policy('[actions]\ncard = "flag"', "p.toml")
    assert {policy.action(stage, "card") for stage in ("input", "tool", "output")} == {"flag"}


def test_the_example_refuses_two_words() -> None:
    policy = read_policy(Path("words"))
    assert policy.blocked_words == ("비밀번호", "주민번호")
    assert policy.action("input", "card") == "block"


def test_a_tenant_and_an_agent_have_policies_of_their_own() -> None:
    policy = parse_policy(
        '[tenants.acme]\nactions = { phone = "allow" }\n'
        '[agents.legal]\noutput = "buffer"\nactions = { card = "flag" }\n',
        "p.toml",
    )
    both = policy.of("acme", "legal")
    assert (both.action("input", "phone"), both.action("output", "card")) == ("allow", "flag")
    assert policy.of("other").action("input", "phone") == "redact"
    assert (policy.output_mode("legal"), policy.output_mode("triage")) == ("buffer", "window")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = = 3", "line 1"),
        ('max_input_chars = 5\n[actions]\nphone = "bock"', "line 3: actions.phone"),
        ('[actoins]\nphone = "allow"', "line 1: actoins: unknown key"),
        ('[actions]\nresident_numbr = "allow"', "did you mean resident_number?"),
        ('[actions]\ninput = "block"', "write [actions.input] below"),
        ('blocked_words = "x"', "line 1: blocked_words: it must be a list"),
        ("[tenants.acme]\n\nmax_input_chars = 0", "line 3: tenants.acme.max_input_chars"),
        ("[thresholds]\ninjection = 7", "line 2: thresholds.injection"),
        ('[messages.fr]\ndefault = "Non"', "line 1: messages.fr"),
        ('[agents.a.actions.tool]\nemial = "flag"', "did you mean email?"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, said: str) -> None:
    assert said in refusal(text)


def test_everything_that_is_wrong_is_named_at_once() -> None:
    assert refusal('[actions]\nphone = "no"\nemail = "nor"').count("line") == 2


def test_a_category_of_a_plugin_may_have_an_action() -> None:
    assert parse_policy('[actions]\ncompetitor = "flag"', "p").action("input", "competitor")


def test_a_missing_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read: No such file.*words"):
        policy_source(Settings(guard_policy=tmp_path / "none.toml"))


class Watched:
    """A policy file, and a clock that the test moves."""

    def __init__(self, path: Path) -> None:
        self.path, self.time = path, 1_000.0
        self.write('blocked_words = ["heron"]')
        self.policy = PolicyFile(path, lambda: self.time, lambda: self.time)

    def write(self, text: str) -> None:
        """Writes the file, a while after the last time."""
        self.time += 10
        self.path.write_text(text, "utf-8")
        os.utime(self.path, (self.time, self.time))

    def words(self, after: float) -> tuple[str, ...]:
        """The blocked words so many seconds later."""
        self.time += after
        return self.policy().blocked_words


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "policy.toml")


def test_a_changed_file_holds_soon(watched: Watched) -> None:
    watched.write('blocked_words = ["crane"]')
    assert watched.words(after=2) == ("crane",)


def test_a_file_that_was_just_written_to_is_left_alone_for_a_second(watched: Watched) -> None:
    watched.write("")
    assert watched.words(after=0.5) == ("heron",)
    assert watched.words(after=1) == ()


@pytest.mark.parametrize("broken", ["blocked_words = [", 'blocked_wrods = ["crane"]', None])
def test_a_broken_edit_keeps_the_policy_and_says_why_once(
    watched: Watched, broken: str | None
) -> None:
    if broken is None:
        watched.path.unlink()
    else:
        watched.write(broken)
    with capture_logs() as logs:
        assert watched.words(after=2) == ("heron",)
        assert watched.words(after=2) == ("heron",)
    assert [entry["event"] for entry in logs] == ["policy.refused"]
    assert "policy.toml" in logs[0]["cause"]


async def test_guards_follow_the_policy_of_the_moment(watched: Watched) -> None:
    guards = Guards((), watched.policy, compose=builtin_guardrails)
    assert (await guards.input("a heron", Ledger())).action == "block"
    watched.write('blocked_words = ["crane"]')
    watched.time += 2
    assert (await guards.input("a heron", Ledger())).action == "allow"
    assert (await guards.input("a crane", Ledger())).action == "block"


async def test_guards_refuse_in_the_language_of_the_message() -> None:
    guards = Guards((), Policy(("heron",)), compose=builtin_guardrails)
    korean = await guards.input("heron 어디", Ledger.of("", "heron 어디"))
    english = await guards.input("a heron", Ledger.of("", "a heron"))
    assert (korean.text, english.text) == (SORRY["ko"]["default"], SORRY["en"]["default"])


async def test_guards_check_each_tenant_under_its_policy() -> None:
    policy = Policy(tenants={"acme": Policy(("heron",))})
    guards = Guards((), policy, compose=builtin_guardrails)
    assert (await guards.input("a heron", Ledger(tenant="acme"))).action == "block"
    assert (await guards.input("a heron", Ledger(tenant="other"))).action == "allow"
