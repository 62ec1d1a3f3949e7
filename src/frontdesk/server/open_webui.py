"""The user whom Open WebUI names: in a token that it signs, or in a plain header."""

import jwt
from starlette.requests import Request

from frontdesk.config import Settings
from frontdesk.contract.errors import InvalidRequest, SettingsError, Unauthorized
from frontdesk.server.api_keys import checked_user

SIGNED_HEADER = "x-openwebui-user-jwt"
PLAIN_HEADER = "x-openwebui-user-id"
ISSUER = "open-webui"
LEEWAY_S = 60
MOST_CHARS = 4096
SECRET_BYTES = 32


def front_end_secret(settings: Settings) -> bytes | None:
    """The secret that is shared with Open WebUI, if one is.

    Raises:
        SettingsError: it is too short.
    """
    if settings.open_webui_secret is None:
        return None
    secret = settings.open_webui_secret.get_secret_value().encode()
    if len(secret) < SECRET_BYTES:
        raise SettingsError(f"FRONTDESK_OPEN_WEBUI_SECRET must have {SECRET_BYTES} bytes or more.")
    return secret


def signed_user(request: Request, secret: bytes) -> str:
    """The user of the request's signed header.

    Raises:
        Unauthorized: the header is missing, there twice, too long, not signed with the secret by
            HS256, not Open WebUI's, or its time is over.
    """
    values = request.headers.getlist(SIGNED_HEADER)
    if len(values) != 1 or len(values[0]) > MOST_CHARS:
        raise _unauthorized()
    try:
        claims = jwt.decode(
            values[0],
            secret,
            algorithms=["HS256"],
            issuer=ISSUER,
            leeway=LEEWAY_S,
            options={"require": ["iss", "exp", "sub"]},
        )
        return checked_user(claims["sub"])
    except (jwt.PyJWTError, InvalidRequest):
        raise _unauthorized() from None


def _unauthorized() -> Unauthorized:
    return Unauthorized(
        "This key acts for users of Open WebUI, and X-OpenWebUI-User-Jwt is missing or not valid: "
        "FRONTDESK_OPEN_WEBUI_SECRET and FORWARD_USER_INFO_HEADER_JWT_SECRET must be the same."
    )
