"""The check of who may read the files that hold secrets and conversations."""

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from frontdesk.cli.doctor.surroundings import Surroundings, env_file
from frontdesk.config import data_dir
from frontdesk.contract.findings import Finding, failed, passed, warned

OTHERS = stat.S_IRWXG | stat.S_IRWXO
SECRET_FIELDS = frozenset({"openai_api_key", "redis_url", "secret", "encryption_keys"})


async def files(around: Surroundings) -> Finding:
    """Whether only their owner may open the data folder, the secret and `.env`."""
    if sys.platform == "win32":
        return Finding("SKIP", "this system has no file modes")
    known = {path: private for path, private in _files(around) if path.exists()}
    open_ones = {path: private for path, private in known.items() if _mode(path) & OTHERS}
    said = ", ".join(f"{path} {_mode(path):04o}" for path in open_ones or known)
    if not open_ones:
        return passed(said)
    advice = "; ".join(f"chmod {700 if p.is_dir() else 600} '{p}'" for p in open_ones)
    return (failed if any(open_ones.values()) else warned)(f"others may open: {said}", advice)


def _files(around: Surroundings) -> Iterator[tuple[Path, bool]]:
    """Each path, and whether it holds a secret itself."""
    folder = data_dir(around.settings)
    yield folder, False
    yield folder / "secret", True
    yield env_file(), bool(around.from_file & SECRET_FIELDS)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
