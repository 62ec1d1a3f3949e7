"""Redis as it is in the world, on loopback: servers, a cluster, Sentinels, a proxy that breaks
things. All of it from the embedded server's program, ended by process, with its data in a folder.
"""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from frontdesk.sessions.engines import installed_engines

MASTERS, NODES = 3, 6
SLOTS = 16384


async def until(true: Callable[[], Awaitable[object]], seconds: float = 90) -> None:
    """Waits until something holds; while Redis does not answer, it does not."""
    async with asyncio.timeout(seconds):
        while True:
            with suppress(RedisError, OSError):
                if await true():
                    return
            await asyncio.sleep(0.05)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; a cluster's nodes also need each one plus 10,000."""
    ports: list[int] = []
    while len(ports) < count:
        with socket.socket() as one, socket.socket() as two, suppress(OSError):
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            two.bind(("127.0.0.1", (port + 10_000) % 65_536 or 1))
            if port < 55_000 and port not in ports:
                ports.append(port)
    return ports


@dataclass
class Server:
    """One server that can be killed and started again on the same data."""

    folder: Path
    port: int
    arguments: tuple[str, ...]
    process: "asyncio.subprocess.Process | None" = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def client(self, **options: Any) -> Any:
        """A plain client of this one server (redis-py leaves some of it untyped)."""
        return Redis(port=self.port, **options)

    async def start(self, *more: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = await asyncio.create_subprocess_exec(
            installed_engines()[-1].path,
            *self.arguments,
            *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
            *("--save", "", "--logfile", "log", *more),
            stdout=subprocess.DEVNULL,
        )

    async def answer(self) -> None:
        """Waits until it answers."""
        async with self.client() as client:
            await until(client.ping)

    async def kill(self) -> None:
        """kill -9."""
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@asynccontextmanager
async def lone_server(folder: Path, *arguments: str) -> AsyncIterator[Server]:
    """One server with an append-only file."""
    lone = Server(folder, free_ports(1)[0], ("--appendonly", "yes", *arguments))
    try:
        await lone.start()
        await lone.answer()
        yield lone
    finally:
        await lone.kill()


@asynccontextmanager
async def cluster(folder: Path, *arguments: str) -> AsyncIterator[list[Server]]:
    """Three masters, then their three replicas, all in sync."""
    slotted = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1500")
    options = (*slotted, "--repl-diskless-sync-delay", "0", "--appendonly", "yes", *arguments)
    nodes = [Server(folder / str(port), port, options) for port in free_ports(NODES)]
    async with AsyncExitStack() as stack:
        for node in nodes:
            stack.push_async_callback(node.kill)
            await node.start()
        clients = [
            await stack.enter_async_context(node.client(decode_responses=True)) for node in nodes
        ]
        for client in clients:
            await until(client.ping)
        await _meet(nodes, clients)
        yield nodes


async def _meet(nodes: list[Server], clients: list[Any]) -> None:
    for number, client in enumerate(clients[:MASTERS]):
        first, end = SLOTS * number // MASTERS, SLOTS * (number + 1) // MASTERS
        await client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, end - 1)
        await client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
    for node in nodes[1:]:
        await clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", node.port)
    for number, client in enumerate(clients[MASTERS:]):
        master = await clients[number].execute_command("CLUSTER", "MYID")
        await until(partial(_follow, client, master))
    # A master that dies before all know all roles is never replaced.
    for client in clients:
        await until(partial(_knows_all, client))
    for client in clients[MASTERS:]:
        await until(partial(in_sync, client))


async def _follow(client: Any, master: str) -> bool:
    await client.execute_command("CLUSTER", "REPLICATE", master)
    return True


async def _knows_all(client: Any) -> bool:
    told: Any = await client.execute_command("CLUSTER", "INFO")
    roles: Any = await client.execute_command("CLUSTER", "NODES")
    state = dict(line.split(":", 1) for line in told.split()) if isinstance(told, str) else told
    return bool(state["cluster_state"] == "ok" and str(roles).count("slave") == NODES - MASTERS)


async def in_sync(client: Any) -> bool:
    """Whether a replica has all that its master has; before, it is empty."""
    told: Any = await client.info("replication")
    return bool(told.get("master_link_status") == "up")


async def owner_of_slot(nodes: list[Server], key: str) -> Server:
    """The master that holds a key's slot."""
    async with nodes[0].client() as client:
        slot = await client.execute_command("CLUSTER", "KEYSLOT", key)
        ranges: Any = await client.execute_command("CLUSTER", "SLOTS")
    port = next(entry[2][1] for entry in ranges if entry[0] <= slot <= entry[1])
    return next(node for node in nodes if node.port == port)


def cluster_url(nodes: list[Server]) -> str:
    """The URL of a cluster: two of its nodes are enough."""
    return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes[1:3])


@dataclass
class Watched:
    """A master, its replica, and the Sentinels that watch them."""

    master: Server
    replica: Server
    sentinels: list[Server] = field(default_factory=list)

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/desk"


@asynccontextmanager
async def watched(folder: Path, *arguments: str) -> AsyncIterator[Watched]:
    """A master and its replica, in sync, watched by three Sentinels."""
    ports = free_ports(5)
    options = ("--appendonly", "yes", "--repl-diskless-sync-delay", "0", *arguments)
    master = Server(folder / "master", ports[0], options)
    following = ("--replicaof", "127.0.0.1", str(ports[0]))
    pair = Watched(master, Server(folder / "replica", ports[1], (*options, *following)))
    async with AsyncExitStack() as stack:
        for server in (pair.master, pair.replica):
            stack.push_async_callback(server.kill)
            await server.start()
            await server.answer()
        async with pair.replica.client() as replica:
            await until(partial(in_sync, replica))
        for port in ports[2:]:
            sentinel = Server(folder / str(port), port, (_watching(folder, port, ports[0]),))
            stack.push_async_callback(sentinel.kill)
            await sentinel.start("--sentinel")
            pair.sentinels.append(sentinel)
        for sentinel in pair.sentinels:
            async with sentinel.client(decode_responses=True) as client:
                await until(partial(_watches, client))
        yield pair


def _watching(folder: Path, port: int, master: int) -> str:
    path = folder / f"sentinel-{port}.conf"
    path.write_text(
        f"sentinel monitor desk 127.0.0.1 {master} 2\n"
        "sentinel down-after-milliseconds desk 1000\n"
        "sentinel failover-timeout desk 4000\n"
    )
    return str(path)


async def _watches(client: Any) -> bool:
    (told,) = await client.execute_command("SENTINEL", "MASTERS")
    state = told if isinstance(told, dict) else dict(zip(told[::2], told[1::2], strict=True))
    return int(state["num-slaves"]) == 1 and int(state["num-other-sentinels"]) == 2


@dataclass
class Proxy:
    """Stands before a server. `delay_s` holds every piece back; `hole` swallows all and says
    nothing; `refuses` lets nobody in. It counts the connections that it took.
    """

    target: int
    port: int = 0
    delay_s: float = 0.0
    hole: bool = False
    refuses: bool = False
    taken: int = 0
    lines: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def drop_all(self) -> None:
        """Resets every open connection."""
        for line in tuple(self.lines):
            line.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.transport.abort()
            return
        self.taken += 1
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        self.lines |= {writer, back}
        try:
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        finally:
            self.lines -= {writer, back}
            writer.transport.abort()
            back.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65_536):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if not self.hole:
                    writer.write(piece)
                    await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def proxy(target: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Proxy]:
    """A proxy before a port; with `tls` it speaks TLS to its callers."""
    between = Proxy(target)
    server = await asyncio.start_server(between.serve, "127.0.0.1", 0, ssl=tls)
    between.port = server.sockets[0].getsockname()[1]
    try:
        yield between
    finally:
        server.close()
        between.drop_all()
        await server.wait_closed()
