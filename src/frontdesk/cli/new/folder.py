"""The folder of a new desk, written from the templates that ship with frontdesk."""

import re
from collections.abc import Mapping
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from frontdesk.contract.errors import InvalidRequest
from frontdesk.plugins import GROUP

NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
FROM_SETTINGS = {"faq", "knowledge"}
"""The plugins that a desk has by its settings."""

TEMPLATES = {
    "README.md": "README.md",
    "Makefile": "Makefile",
    ".env": "env.txt",
    ".gitignore": "gitignore.txt",
    "plugins/{{module}}.py": "plugin.py.txt",
    "prompts/triage.md": "prompts/triage.md",
    "prompts/complaints.md": "prompts/complaints.md",
    "faq.md": "faq.md",
    "knowledge/terms.md": "knowledge/terms.md",
    "policy.toml": "policy.toml",
    "tests/test_{{module}}.py": "test.py.txt",
}
"""Each file of a desk, and the template that it is made from."""


def check_name(name: str) -> None:
    """Raises InvalidRequest when no desk can have the name."""
    if not NAME.fullmatch(name):
        raise InvalidRequest(
            f"Nothing can be named {name!r}. Begin with a letter; then a-z, 0-9, _ and - only, "
            "40 characters at most."
        )
    taken = FROM_SETTINGS | {entry.name for entry in entry_points(group=GROUP)}
    if _module(name) in taken:
        raise InvalidRequest(f"There is a plugin named {name} already. Choose another name.")


def write(name: str, folder: Path) -> tuple[Path, ...]:
    """Writes the desk into this folder, which is made if it is missing; the files, relative to it.

    Raises:
        InvalidRequest: the name cannot be one, or the folder has something in it or cannot be
            written to.
    """
    check_name(name)
    return fill(name, folder, TEMPLATES, files(__package__) / "templates")


def fill(
    name: str, folder: Path, templates: Mapping[str, str], texts: Traversable
) -> tuple[Path, ...]:
    """Writes each file of a folder from its template; the files, relative to it.

    Raises:
        InvalidRequest: the folder has something in it or cannot be written to.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InvalidRequest(f"{folder} is there already. Choose another folder with --dir.")
        return tuple(
            _write(name, folder, target, (texts / template).read_text("utf-8"))
            for target, template in templates.items()
        )
    except OSError as error:
        raise InvalidRequest(f"Cannot write to {folder}: {error.strerror}.") from None


def _write(name: str, folder: Path, target: str, text: str) -> Path:
    relative = Path(_filled(target, name))
    path = folder / relative
    # Not writable for others, whatever the umask: plugins from such a folder would be refused.
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.touch(mode=0o600 if target == ".env" else 0o644)
    path.write_text(_filled(text, name), "utf-8")
    return relative


def _filled(text: str, name: str) -> str:
    title = re.sub(r"[-_]+", " ", name).strip().title()
    return (
        text.replace("{{name}}", name)
        .replace("{{module}}", _module(name))
        .replace("{{variable}}", _module(name).upper())
        .replace("{{title}}", title)
    )


def _module(name: str) -> str:
    return name.replace("-", "_")
