"""The doctor finds what is wrong with a deployment, one real fault at a time."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from io import StringIO
from pathlib import Path

import pytest
from redis.asyncio import Redis
from rich.console import Console

from frontdesk.cli.doctor.examination import CHECKS, Check, examine, examine_with
from frontdesk.cli.doctor.report import show
from frontdesk.cli.doctor.surroundings import Surroundings
from frontdesk.config import Settings
from frontdesk.contract.findings import Finding, Result, passed
from frontdesk.server.api_keys import SCOPES, ApiKeys
from frontdesk.testing import FakeOpenAI, fake_openai, status

BAD = {"WARN", "FAIL"}


async def examined(settings: Settings, *names: str, **changed: object) -> dict[str, Result]:
    """The results of these checks (and what they need) by name, under changed settings."""
    needed = {need for check in CHECKS if check.name in names for need in check.needs}
    checks = [check for check in CHECKS if check.name in {*names, *needed}]
    results = await examine_with(settings.model_copy(update=changed), checks=checks)
    return {result.check: result for result in results}


async def found(settings: Settings, name: str, **changed: object) -> Result:
    """The result of one check, under changed settings."""
    return (await examined(settings, name, **changed))[name]


async def test_nothing_fails_on_a_sound_deployment(settings: Settings) -> None:
    results = await examine_with(settings)
    assert [result.check for result in results] == [check.name for check in CHECKS]
    assert [result for result in results if result.status in ("FAIL", "SKIP")] == []
    assert all(result.evidence for result in results)
    assert all(bool(result.advice) == (result.status in BAD) for result in results)


async def test_a_refused_key_is_found(settings: Settings, upstream: FakeOpenAI) -> None:
    upstream.script(status(401))
    result = await found(settings, "triage model")
    assert result.status == "FAIL"
    assert "refuses the key: check OPENAI_API_KEY" in result.advice


async def test_an_unknown_model_is_found_and_named(
    settings: Settings, upstream: FakeOpenAI
) -> None:
    upstream.script(status(404))
    result = await found(settings, "specialist model", specialist_model="gpt-nobody")
    assert (result.status, "gpt-nobody" in result.evidence) == ("FAIL", True)
    assert "does not know the model" in result.advice


@pytest.mark.parametrize("api", ["responses", "chat_completions"])
async def test_each_model_is_asked_once_with_the_smallest_limit(
    settings: Settings, upstream: FakeOpenAI, api: str
) -> None:
    results = await examined(settings, "triage model", "specialist model", model_api=api)
    asked = [request.body for request in upstream.requests]
    assert [body["model"] for body in asked] == [settings.triage_model, settings.specialist_model]
    limits = {body.get("max_output_tokens", body.get("max_tokens")) for body in asked}
    assert limits == {16}
    assert "tokens in" in results["triage model"].evidence


async def test_an_answer_of_which_the_limit_leaves_nothing_is_an_answer(
    settings: Settings,
) -> None:
    choice = {"index": 0, "finish_reason": "length", "message": {"role": "assistant"}}
    body = json.dumps({"id": "c", "object": "chat.completion", "choices": [choice]})

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        writer.write(f"{head}\r\nconnection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        changed = {"openai_base_url": url, "model_api": "chat_completions"}
        result = await found(settings, "triage model", **changed)
    assert (result.status, result.evidence) == ("PASS", f"{settings.triage_model} answered")


async def test_a_deployment_without_a_key_is_told_what_to_set(settings: Settings) -> None:
    results = await examined(settings, "triage model", openai_base_url=None)
    assert results["model server"].status == "FAIL"
    assert "OPENAI_API_KEY" in results["model server"].advice
    assert results["triage model"].status == "SKIP"


async def test_a_model_server_that_is_not_there_is_found(settings: Settings) -> None:
    async with fake_openai() as gone:
        url = gone.base_url
    result = await found(settings, "model server", openai_base_url=url)
    assert (result.status, "127.0.0.1" in result.evidence) == ("FAIL", True)


async def test_an_unknown_price_is_found_and_its_model_named(settings: Settings) -> None:
    result = await found(settings, "prices", triage_model="gpt-nobody")
    assert (result.status, "gpt-nobody" in result.evidence) == ("WARN", True)


async def test_a_key_that_may_do_everything_is_found(settings: Settings, redis: Redis) -> None:
    key_id, _ = await ApiKeys(redis).create("acme", scopes=SCOPES)
    result = await found(settings, "api keys")
    assert (result.status, key_id in result.advice) == ("WARN", True)


async def test_an_open_address_without_a_key_is_found(settings: Settings, redis: Redis) -> None:
    result = await found(settings, "api keys", host="0.0.0.0")  # noqa: S104 - that it is found
    assert (result.status, "frontdesk key create" in result.advice) == ("FAIL", True)
    await ApiKeys(redis).create("acme")
    assert (await found(settings, "api keys", host="0.0.0.0")).status == "PASS"  # noqa: S104 - that it is served


async def test_a_guessable_secret_and_a_missing_one_are_found(settings: Settings) -> None:
    assert (await found(settings, "secret")).status == "WARN"
    missing = await found(settings, "secret", secret=None)
    assert (missing.status, "FRONTDESK_SECRET" in missing.advice) == ("FAIL", True)


async def test_a_secret_that_others_may_read_is_found(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("x")
    path.chmod(0o644)
    result = await found(settings, "files")
    assert result.status == "FAIL"
    assert f"chmod 600 '{path}'" in result.advice
    path.chmod(0o600)
    assert (await found(settings, "files")).status == "PASS"


@pytest.mark.parametrize(
    ("line", "expected"), [("OPENAI_API_KEY=any", "FAIL"), ("FRONTDESK_PORT=1234", "WARN")]
)
async def test_an_env_file_that_others_may_read_is_found(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(line)
    (tmp_path / ".env").chmod(0o640)
    results = await examined(settings, "files", "settings")
    assert results["files"].status == expected
    assert "chmod 600 '.env'" in results["files"].advice
    assert f".env: {line.partition('=')[0]}" in results["settings"].evidence


async def test_a_plugin_that_fails_is_found_with_its_cause(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "stall.py").write_text("raise RuntimeError('no oven here')\n")
    result = await found(settings, "plugins", plugins_dir=tmp_path)
    assert result.status == "FAIL"
    assert "stall (file stall.py)" in result.evidence
    assert "no oven here" in result.evidence


async def test_the_plugins_that_run_are_listed_with_their_parts(settings: Settings) -> None:
    result = await found(settings, "plugins")
    assert (result.status, "tool clock" in result.evidence) == ("PASS", True)


def test_a_terminal_gets_a_table_with_the_advice() -> None:
    console = Console(file=StringIO(), force_terminal=True, width=60)
    show([Result("redis", "FAIL", "[b]gone[/b]", "Start it.")], console)
    assert isinstance(console.file, StringIO)
    shown = console.file.getvalue()
    assert "[b]gone[/b]" in shown
    assert "Start it." in shown


async def _hangs(_: Surroundings) -> Finding:
    await asyncio.Event().wait()
    return passed("never")


async def _breaks(_: Surroundings) -> Finding:
    raise ValueError("heron-7731")


@pytest.mark.parametrize(("work", "shown"), [(_hangs, "0.05 s"), (_breaks, "ValueError")])
async def test_a_check_that_hangs_or_breaks_does_not_stop_the_others(
    settings: Settings, work: Callable[[Surroundings], Awaitable[Finding]], shown: str
) -> None:
    checks = (Check("bad", work, (), 0.05), CHECKS[0], Check("after", work, ("bad",)))
    bad, other, after = await examine_with(settings, checks=checks)
    assert (bad.status, other.status, after.status) == ("FAIL", "PASS", "SKIP")
    assert shown in bad.evidence
    assert "heron" not in bad.evidence


async def test_wrong_settings_are_found_and_nothing_else_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRONTDESK_PORT", "harbour")
    first, *others = await examine()
    assert (first.check, first.status) == ("settings", "FAIL")
    assert "FRONTDESK_PORT" in first.advice
    assert {other.status for other in others} == {"SKIP"}
