"""The settings of limits: how often, how many at once, how slowly (docs/limits.md)."""

from typing import Annotated

from pydantic import BaseModel, Field

from frontdesk.config.names import Names

Most = Annotated[int, Field(ge=0)]
"""A limit; 0 is none."""
Seconds = Annotated[float, Field(gt=0)]
Bytes = Annotated[int, Field(gt=0)]


class LimitSettings(BaseModel):
    """What one user, tenant or address may take, and all together. Where a limit is 0 there is
    none.
    """

    requests_per_user: Most = Field(1200, description="Requests of one user in any minute.")
    requests_per_tenant: Most = Field(12_000, description="Requests of one tenant in any minute.")
    requests_per_address: Most = Field(6000, description="Requests from one address in any minute.")
    requests_total: Most = Field(60_000, description="Requests of all in any minute.")
    turns_per_user: Most = Field(50, description="Turns of one user that may run at once.")
    turns_per_tenant: Most = Field(500, description="Turns of one tenant that may run at once.")
    turns_total: Most = Field(2000, description="Turns of all that may run at once.")
    streams_per_user: Most = Field(100, description="Streams that one user may have open.")
    streams_per_address: Most = Field(500, description="Streams that one address may have open.")
    streams_total: Most = Field(5000, description="Streams that may be open in all.")
    turns_per_process: Annotated[int, Field(gt=0)] = Field(
        500, description="Turns that one process takes in; with more it answers 503."
    )
    trusted_proxies: Names = Field(
        (),
        description="Reverse proxies whose X-Forwarded-For is believed: addresses and networks "
        "(`10.0.0.0/8`), between commas.",
    )
    connections: Most = Field(4096, description="Connections that one process keeps open.")
    connections_per_address: Most = Field(
        1024, description="The same from one address, trusted proxies excepted."
    )
    max_header_bytes: Bytes = Field(32_768, description="Largest request line with all headers.")
    header_timeout_s: Seconds = Field(10.0, description="Deadline of a request's headers.")
    body_timeout_s: Seconds = Field(
        20.0, description="Deadline of a request's body; each 1000 bytes bring a second more."
    )
    idle_timeout_s: Seconds = Field(
        75.0, description="A connection without a request is closed after this time."
    )
    write_timeout_s: Seconds = Field(
        30.0, description="A client that reads nothing for this long is let go."
    )
