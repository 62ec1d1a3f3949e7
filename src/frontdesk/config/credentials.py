"""The settings of who may come in, beside API keys: users' tokens and the front ends' users."""

from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from frontdesk.config.names import Names


class CredentialSettings(BaseModel):
    """Tokens are taken where `jwt_issuer` is set."""

    jwt_issuer: str | None = Field(
        None,
        description="Take users' tokens (JWT) of this issuer, written as in their `iss`; its keys "
        "are found by OpenID discovery (docs/http.md).",
    )
    jwt_audience: str | None = Field(
        None, description="What a token's `aud` must hold; needed with an issuer."
    )
    jwt_algorithms: Names = Field(
        ("RS256", "ES256"), description="How tokens may be signed, between commas."
    )
    jwt_secret: SecretStr | None = Field(
        None,
        description="Tokens are signed with this secret of 32 bytes or more (HS256 only); the "
        "issuer is then not asked for keys.",
    )
    jwt_tenant: Annotated[str, Field(min_length=1, max_length=128)] = Field(
        "local", description="The tenant of users with a token."
    )
    jwt_tenant_claim: str | None = Field(
        None, description="The claim that names a token's tenant instead, such as `org_id`."
    )
    jwt_scopes_claim: str | None = Field(
        None,
        description="The claim that holds a token's scopes, such as `scope`; without it they are "
        "`chat` and `read`.",
    )
    open_webui_secret: SecretStr | None = Field(
        None,
        description="The FORWARD_USER_INFO_HEADER_JWT_SECRET of Open WebUI, 32 bytes or more: its "
        "signed header then names the user of a key that acts for users.",
    )
    server_key: SecretStr | None = Field(
        None, description="The key, or token, with which `frontdesk chat --server` speaks."
    )
