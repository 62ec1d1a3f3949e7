"""`frontdesk new`: what it writes works at once."""

import os
import stat
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from frontdesk.cli.new.folder import TEMPLATES, write
from frontdesk.contract.errors import InvalidRequest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
WIDER = "E,F,I,B,UP,ASYNC,BLE,S,C90,RET,SIM,T20,RUF,N,PERF"


def run(folder: Path, *command: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """Runs a command with frontdesk's environment on the PATH."""
    environment = {**os.environ, "PATH": path or f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", ["shop", "my-clinic_2"])
def test_the_tests_of_a_new_desk_pass_at_once(tmp_path: Path, name: str) -> None:
    done = run(tmp_path, "bash", "-c", f"frontdesk new {name} && cd {name} && make test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Ran 6 tests" in done.stderr
    assert done.stderr.rstrip().endswith("OK")


def test_the_tests_of_a_new_desk_notice_what_is_broken(tmp_path: Path) -> None:
    write("shop", tmp_path)
    prompt = tmp_path / "knowledge" / "terms.md"
    prompt.write_text("# Terms\n", "utf-8")
    done = run(tmp_path, "make", "test")
    assert done.returncode != 0
    assert "test_triage_looks_it_up_in_the_documents" in done.stderr


@pytest.mark.parametrize(
    ("message", "phrase", "by"),
    [
        ("Where is B-1002?", "Saturday at 11:30", "handler"),
        ("전화번호 알려 주세요", "hello@my-clinic.example", "handler"),
        ("늦으면 어떻게 되나요?", "terms.md#늦으실-때", "triage"),
        ("서비스에 불만이 있어요", "My Clinic 불만 담당", "specialist"),
    ],
)
def test_the_demo_is_the_desk_of_the_folder_in_which_it_starts(
    tmp_path: Path, message: str, phrase: str, by: str
) -> None:
    write("my-clinic", tmp_path)
    done = run(tmp_path, "frontdesk", "demo", "--ask", message)
    assert done.returncode == 0, done.stderr
    assert phrase in done.stdout
    assert f"\n{by} · " in done.stdout


@pytest.mark.parametrize("name", ["shop", "a-desk-with-a-name-of-forty-characters-x"])
def test_a_new_desk_is_clean_python(tmp_path: Path, name: str) -> None:
    paths = [str(tmp_path / path) for path in write(name, tmp_path) if path.suffix == ".py"]
    for folder, *command in (
        (tmp_path, "ruff", "check", "--isolated"),
        (tmp_path, "ruff", "check", "--isolated", "--select", WIDER, "--ignore", "RUF001"),
        (tmp_path, "ruff", "format", "--isolated", "--check"),
        (ROOT, "mypy"),  # strict, as pyproject.toml says; there is its cache
    ):
        done = run(folder, *command, *paths)
        assert done.returncode == 0, done.stdout


def test_it_says_what_it_wrote_and_what_to_do_next(tmp_path: Path) -> None:
    said = run(tmp_path, "frontdesk", "new", "shop", "--dir", "a desk").stdout
    written, _, following = said.partition("\nNext:\n")
    files_there = {path for path in (tmp_path / "a desk").rglob("*") if path.is_file()}
    assert {tmp_path / line.strip() for line in written.splitlines()} == files_there
    assert following.split("\n") == ["", "  cd 'a desk'", "  make test", "  make demo", ""]


def test_it_names_the_python_that_make_would_not_find(tmp_path: Path) -> None:
    said = run(tmp_path, sys.executable, "-m", "frontdesk", "new", "shop", path=os.defpath)
    assert f"make test PYTHON={sys.executable}" in said.stdout


@pytest.mark.parametrize("name", ["Shop", "2shop", "my shop", "../shop", "상점", "", "a" * 41])
def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequest, match="Begin with a letter"):
        write(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["clock", "faq", "knowledge"])
def test_the_name_of_another_plugin_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequest, match="Choose another name"):
        write(name, tmp_path / "new")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "mine.txt").touch()
    done = run(tmp_path, "frontdesk", "new", "shop")
    assert done.returncode == 1
    assert "--dir" in done.stderr
    assert [path.name for path in (tmp_path / "shop").iterdir()] == ["mine.txt"]


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shop").touch()
    with pytest.raises(InvalidRequest, match="is there already"):
        write("shop", tmp_path / "shop")


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    assert len(write("shop", tmp_path)) == len(TEMPLATES)


def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidRequest, match=r"Cannot write to .*Not a directory"):
        write("shop", tmp_path / "file" / "shop")


def test_keys_will_be_in_a_file_of_ones_own(tmp_path: Path) -> None:
    write("shop", tmp_path)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert ".env" in (tmp_path / ".gitignore").read_text().split()


def test_no_placeholder_and_no_template_is_left(tmp_path: Path) -> None:
    texts = [(tmp_path / path).read_text("utf-8") for path in write("shop", tmp_path)]
    assert not [text for text in texts if "{{" in text]
    folder = Path(str(files("frontdesk.cli.new") / "templates"))
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert set(TEMPLATES.values()) == there
