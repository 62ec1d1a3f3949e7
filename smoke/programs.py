"""The programs that a conversation with a real model needs, each ended when it is left."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2

NAME = "smollm2"
ROOT = Path(__file__).parent.parent
START_S, STOP_S, ANSWER_S = 60.0, 20.0, 120.0


class NotStarted(Exception):
    """A program did not start; with the end of its log."""


@asynccontextmanager
async def model_server(python: Path, folder: Path) -> AsyncIterator[str]:
    """The base URL of a model that is served by this Python.

    Raises:
        NotStarted: it did not start.
    """
    log = folder / "model.log"
    async with _running(
        python, "-m", "smoke.model_server", NAME, log=log, cwd=ROOT, settings={}
    ) as process:
        address = await _first_line(process)
        if not address:
            raise NotStarted(f"The model's server did not start:\n{_end_of(log)}")
        yield f"{address}/v1"


@asynccontextmanager
async def desk_server(base_url: str, api: str, folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a `frontdesk serve` of its own, on the model at `base_url`.

    Raises:
        NotStarted: it did not start.
    """
    port, log = _free_port(), folder / f"{api}.log"
    settings = {
        "FRONTDESK_DATA_DIR": str(folder / api),
        "FRONTDESK_PLUGINS_DIR": str(Path(__file__).parent / "desk"),
        "FRONTDESK_MODEL_API": api,
        "FRONTDESK_TRIAGE_MODEL": NAME,
        "FRONTDESK_SPECIALIST_MODEL": NAME,
        "FRONTDESK_MAX_OUTPUT_TOKENS": "120",
        "OPENAI_BASE_URL": base_url,
    }
    command = (Path(sys.executable), "-m", "frontdesk", "serve", "--port", str(port))
    address = f"http://127.0.0.1:{port}"
    async with (
        _running(*command, log=log, cwd=folder, settings=settings) as process,
        httpx2.AsyncClient(base_url=address, timeout=ANSWER_S, trust_env=False) as http,
    ):
        await _ready(process, http, log)
        yield http


@asynccontextmanager
async def _running(
    program: Path, *arguments: str, log: Path, cwd: Path, settings: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program in a clean environment; whatever happens, it has ended afterwards."""
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            cwd=cwd,
            env={"PATH": os.environ["PATH"], **settings},
        )
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _first_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    with suppress(TimeoutError):
        async with asyncio.timeout(START_S):
            return (await process.stdout.readline()).decode().strip()
    return ""


async def _ready(process: asyncio.subprocess.Process, http: httpx2.AsyncClient, log: Path) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(START_S):
            while process.returncode is None:
                with suppress(httpx2.TransportError):
                    if (await http.get("/readyz")).is_success:
                        return
                await asyncio.sleep(0.05)
    raise NotStarted(f"frontdesk did not start:\n{_end_of(log)}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end_of(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
