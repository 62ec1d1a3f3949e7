"""Which files are whose calendars."""

from pathlib import Path


def calendars_of(folder: Path, tenant: str, user: str) -> list[Path]:
    """The calendars `*.ics` of the folder, which everybody sees, and the user's own, which is
    `users/<tenant>/<user>.ics` in it. A name cannot lead to another place.
    """
    own = folder / "users" / tenant / f"{user}.ics"
    shared = sorted(folder.glob("*.ics"))
    return [*shared, *([own] if _plain(tenant) and _plain(user) and own.is_file() else [])]


def _plain(name: str) -> bool:
    return bool(name) and Path(name).name == name and "\0" not in name
