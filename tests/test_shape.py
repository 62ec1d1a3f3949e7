"""The shape of the tree: sizes, names, layers and habits that a machine can check."""

import ast
import importlib.util
import re
import subprocess
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SAYS_NOTHING = re.compile(r"_?(utils?|helpers?|managers?|common|base|misc|utilities)")
EXCEPTION = re.compile(
    r"#\s*(type: ignore\[[\w, -]+\]|noqa: [A-Z0-9, ]+\b|pragma: no \w+|noqa|type: ignore)"
)
MACHINE_PATH = re.compile(r"(?<![\w.:}])/(?:home|Users|root|work|mnt|farm)/\w")
REGISTRY = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|-index-url|--find-links")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@dataclass(frozen=True)
class Source:
    """One Python file, read and parsed."""

    path: Path
    text: str
    tree: ast.Module

    def at(self, node: ast.AST | int) -> str:
        """`file:line` of a node or a line."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return f"{self.path.relative_to(ROOT)}:{line}"

    def walk(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        """The nodes of these kinds."""
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))


@cache
def sources(folder: str) -> tuple[Source, ...]:
    """Every Python file below this folder."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    texts = [(path, path.read_text(encoding="utf-8")) for path in paths]
    return tuple(Source(path, text, ast.parse(text)) for path, text in texts)


@cache
def kept_texts() -> tuple[tuple[str, str], ...]:
    """Every text file that git keeps or would keep: its path and text."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: what is kept is not known")
    paths = [ROOT / name for name in listed.stdout.splitlines()]
    texts = [(p, p.read_text(encoding="utf-8", errors="replace")) for p in paths if p.is_file()]
    return tuple((str(path.relative_to(ROOT)), text) for path, text in texts)


def functions(folder: str) -> list[tuple[Source, Function, int]]:
    """Each function with its length in lines, the docstring not counted."""
    return [
        (source, node, _length(node))
        for source in sources(folder)
        for node in source.walk(ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, Function) and not _is_overload(node)
    ]


def _is_overload(node: Function) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "overload" for d in node.decorator_list)


def _length(node: Function) -> int:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is None:
        return lines
    doc = node.body[0]
    return lines - ((doc.end_lineno or doc.lineno) - doc.lineno + 1)


def refuse(found: list[str], rule: str) -> None:
    """Fails with the rule and each place that breaks it."""
    if found:
        pytest.fail(f"{rule}:\n  " + "\n  ".join(found), pytrace=False)


@pytest.mark.parametrize("folder", ["src", "tests", "examples"])
def test_no_file_is_longer_than_300_lines(folder: str) -> None:
    sizes = [(source, source.text.count("\n")) for source in sources(folder)]
    refuse([f"{s.at(1)} has {n} lines" for s, n in sizes if n > 300], "Split these files")


@pytest.mark.parametrize("folder", ["src", "tests", "examples"])
def test_no_function_is_longer_than_a_screen(folder: str) -> None:
    long = [f"{s.at(f)} {f.name}: {n} lines" for s, f, n in functions(folder) if n > 40]
    refuse(long, "Split these functions (40 lines, docstring not counted)")


@pytest.mark.parametrize(
    ("folder", "median", "most"), [("src", 7, 25), ("tests", 12, 25), ("examples", 9, 25)]
)
def test_most_functions_are_short(folder: str, median: int, most: int) -> None:
    by_length = sorted(functions(folder), key=lambda entry: entry[2])
    lengths = [length for _, _, length in by_length]
    longest = "\n  ".join(f"{s.at(f)} {f.name}: {n} lines" for s, f, n in by_length[-12:])
    middle, tenth = lengths[len(lengths) // 2], lengths[len(lengths) * 9 // 10]

    assert middle <= median, f"Half of {folder} is over {middle - 1} lines, not {median}"
    assert tenth <= most, f"A tenth of {folder} is over {tenth - 1} lines, not {most}:\n  {longest}"


@pytest.mark.parametrize("folder", ["src", "tests", "examples"])
def test_modules_are_named_after_what_they_hold(folder: str) -> None:
    names = [
        source.at(1)
        for source in sources(folder)
        for part in source.path.relative_to(ROOT).with_suffix("").parts
        if SAYS_NOTHING.fullmatch(part)
    ]
    refuse(names, "Name these modules after the thing of the domain that they hold")


def test_the_sdk_is_not_shadowed() -> None:
    places = [folder / name for folder in (ROOT, ROOT / "src") for name in ("agents", "agents.py")]
    refuse([str(p) for p in places if p.exists()], "`agents` is the SDK's own import name")
    spec = importlib.util.find_spec("agents")

    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).parent.parent.name in {"site-packages", "dist-packages"}


def test_only_config_reads_the_environment() -> None:
    reads = [
        source.at(node)
        for source in sources("src")
        if "config" not in source.path.parent.name
        for node in ast.walk(source.tree)
        if _reads_environment(node)
    ]
    refuse(reads, "Take the value from Settings; only config/ reads the environment")


def _reads_environment(node: ast.AST) -> bool:
    names = {"environ", "environb", "getenv", "dotenv", "load_dotenv", "dotenv_values"}
    if isinstance(node, ast.Attribute):
        return node.attr in names
    if isinstance(node, ast.Import | ast.ImportFrom):
        return bool(names & {alias.name for alias in node.names})
    return False


def test_an_ignored_finding_carries_its_code_and_reason() -> None:
    bare = [
        f"{source.at(token.start[0])} {token.string}"
        for source in (*sources("src"), *sources("tests"), *sources("examples"))
        for token in tokenize.generate_tokens(StringIO(source.text).readline)
        if token.type == tokenize.COMMENT and EXCEPTION.search(token.string)
        if not re.search(r"\w+ \w+", EXCEPTION.sub("", token.string))
    ]
    refuse(bare, "Say why it is ignored: `# noqa: S101 - the reason`")


def test_no_path_of_a_machine_is_kept() -> None:
    refuse(_lines_with(MACHINE_PATH.search), "Take these paths out")


def test_no_registry_is_named() -> None:
    refuse(_lines_with(REGISTRY.search), "The person's own pip settings say where packages are")


def _lines_with(found: Callable[[str], object]) -> list[str]:
    return [
        f"{name}:{number} {line.strip()[:80]}"
        for name, text in kept_texts()
        for number, line in enumerate(text.splitlines(), 1)
        if found(line) and name != "tests/test_shape.py"
    ]


def test_the_desk_stays_small() -> None:
    [desk] = [
        s for s in sources("src") if s.path.name == "desk.py" and s.path.parent.name == "frontdesk"
    ]
    [desk_class] = [
        node for node in desk.tree.body if isinstance(node, ast.ClassDef) and node.name == "Desk"
    ]
    fields = [node for node in desk_class.body if isinstance(node, ast.AnnAssign)]
    methods = {node.name: _length(node) for node in desk_class.body if isinstance(node, Function)}

    assert 0 < len(fields) <= 7
    assert methods["start"] + methods["turn"] <= 40
