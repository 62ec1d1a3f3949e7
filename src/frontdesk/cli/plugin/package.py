"""The package of a new plugin, written from the templates that ship with frontdesk."""

from importlib.resources import files
from pathlib import Path

from frontdesk.cli.new.folder import check_name, fill

TEMPLATES = {
    "README.md": "README.md",
    "pyproject.toml": "pyproject.toml.txt",
    ".gitignore": "gitignore.txt",
    "src/frontdesk_{{module}}/__init__.py": "plugin.py.txt",
    "src/frontdesk_{{module}}/prompt.md": "prompt.md",
    "src/frontdesk_{{module}}/py.typed": "py.typed.txt",
    "tests/test_{{module}}.py": "test.py.txt",
}
"""Each file of a plugin, and the template that it is made from."""


def write(name: str, folder: Path) -> tuple[Path, ...]:
    """Writes the package into this folder, which is made if it is missing; the files, relative to
    it.

    Raises:
        InvalidRequest: the name cannot be one, or the folder has something in it or cannot be
            written to.
    """
    check_name(name)
    return fill(name, folder, TEMPLATES, files(__package__) / "templates")
