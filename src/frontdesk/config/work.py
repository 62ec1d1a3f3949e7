"""The settings of what nobody waits for: background turns, webhooks, the end of a process."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr

from frontdesk.config.names import Names


class WorkSettings(BaseModel):
    """Webhooks are sent where `webhook_secret` is set."""

    worker: Literal["inside", "outside"] = Field(
        "inside",
        description="Who runs turns in the background: the server itself, or `frontdesk worker` "
        "(docs/background.md).",
    )
    worker_turns: Annotated[int, Field(gt=0)] = Field(
        20, description="Turns that one worker runs at the same time."
    )
    drain_s: Annotated[float, Field(ge=0)] = Field(
        25.0,
        description="A process that is told to stop gives its turns this long; then others go on "
        "with them.",
    )
    webhook_secret: SecretStr | None = Field(
        None,
        description="Signs webhooks (Standard Webhooks): `whsec_` and base64, or any text. Without "
        "it none are sent (docs/background.md).",
    )
    webhook_allow: Names = Field(
        (),
        description="Hosts, or `host:port`, that webhooks may reach by `http` and at addresses "
        "that are not public, between commas.",
    )
