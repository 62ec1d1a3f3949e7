"""What a `REDIS_URL` says: a server, a cluster, or the Sentinels that know a master."""

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from redis.asyncio.connection import SSLConnection, parse_url

from frontdesk.contract.errors import SettingsError

Kind = Literal["server", "cluster", "sentinel"]

FORMS = "redis://, rediss://, unix://, redis+cluster://, redis+sentinel:// (and rediss+…)"
DEFAULT_PORTS = {"cluster": 6379, "sentinel": 26379}
OF_SENTINELS = ("sentinel_username", "sentinel_password")


class _Wrong(ValueError):
    """What is wrong with a URL, without quoting it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where Redis is. `options` are those of redis-py, for each connection; `sentinel_options` go
    to the Sentinels; `nodes` and `service` (the master's name) are empty for a single server.
    """

    kind: Kind
    nodes: tuple[tuple[str, int], ...]
    options: dict[str, Any]
    service: str = ""
    sentinel_options: dict[str, Any] | None = None


def read_address(url: str) -> Address:
    """The address that a URL names.

    A cluster is `redis+cluster://user:password@host:port,host:port`, a few of its nodes; a master
    behind Sentinels is `redis+sentinel://user:password@host:port,host:port/name`. `rediss+…` is the
    same over TLS. Options follow as redis-py has them (`?ssl_ca_certs=/etc/ca.pem`); besides,
    `sentinel_username` and `sentinel_password` are for the Sentinels themselves.

    Raises:
        SettingsError: it is no such URL. The message never quotes it: it may hold a password.
    """
    try:
        scheme, _, kind = urlsplit(url).scheme.partition("+")
        if not kind:
            return Address("server", (), dict(parse_url(url)))
        if scheme not in ("redis", "rediss") or kind not in DEFAULT_PORTS:
            raise _Wrong(f"it must begin with one of {FORMS}")
        return _several(url, scheme, "cluster" if kind == "cluster" else "sentinel")
    except _Wrong as error:
        raise SettingsError(f"REDIS_URL is not a Redis URL: {error}") from None
    except ValueError:  # of urllib and redis-py; their words may quote the password
        raise SettingsError(
            f"REDIS_URL is not a Redis URL. It begins with one of {FORMS}; in a password, write "
            "special characters as %XX."
        ) from None


def _several(url: str, scheme: str, kind: Kind) -> Address:
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    nodes = tuple(_node(host, DEFAULT_PORTS[kind]) for host in hosts.split(",") if host)
    if not nodes:
        raise _Wrong("it names no host")
    query = dict(parse_qsl(parts.query))
    own = {name: query.pop(name) for name in OF_SENTINELS if name in query}
    # What is left reads as the URL of one server; redis-py knows its options and their types.
    options = dict(parse_url(f"{scheme}://{login}{at}host/?{urlencode(query)}"))
    del options["host"]
    tls = {"ssl": True} if options.pop("connection_class", None) is SSLConnection else {}
    if kind == "cluster":
        return Address(kind, nodes, {**options, **tls})
    service = unquote(parts.path.strip("/"))
    if not service or "/" in service:
        raise _Wrong("after the Sentinels it needs /NAME, the name of their master")
    certificates = {name: value for name, value in options.items() if name.startswith("ssl_")}
    of_sentinels = {name.removeprefix("sentinel_"): value for name, value in own.items()}
    sentinels = {**of_sentinels, **certificates, **tls}
    return Address(kind, nodes, {**options, **tls}, service, sentinels)


def _node(text: str, default_port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise _Wrong("a host in it has no name")
    return parts.hostname, parts.port or default_port
