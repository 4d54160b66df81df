"""The house rules: linting, types, imports, public names, what is kept, and README blocks that do what they say."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dcsim

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
STUDIES = ROOT / "configs" / "README.md"
"""The case studies, whose commands work as well."""
LONGEST_README = 200

LONGEST_MODULE = 420
LONGER = {
    *("dcsim/engine/kernel.py", "dcsim/engine/draws.py", "dcsim/network.py"),
    *("dcsim/distributions.py", "dcsim/scenario/schema.py", "dcsim/units.py", "dcsim/api.py"),
}
"""Modules that stay in one piece: the compiled loops, one replication's chance, the network, the distributions, the
file format, written values, the functions that everybody calls."""
MOST_PUBLIC_NAMES = 25

SETUP = ("git", "cd", "pip", "uv", "python", "python3", "source", ".")
"""Commands of the README that prepare a machine; the tests run in what they lead to."""


def output(*command: str, folder: Path = ROOT) -> tuple[int, str]:
    """Exit code and everything a command printed."""
    environment = os.environ | {"MPLBACKEND": "Agg"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def tool(name: str) -> str:
    """A program of the environment that runs the tests."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip(f"{name} runs with the versions of the extra `lint`")
    return found


# Tools


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",), ("lint-imports",)],
    ids=["ruff check", "ruff format", "mypy --strict", "lint-imports"],
)
def test_the_tools_have_nothing_to_say(command):
    code, printed = output(tool(command[0]), *command[1:])
    assert code == 0, printed


def test_mypy_is_strict():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert settings["strict"] is True
    assert settings["packages"] == ["dcsim"]


def test_modules_are_small_rooms():
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in modules()}
    assert {name for name, lines in lengths.items() if lines > LONGEST_MODULE} <= LONGER


def test_modules_say_what_they_are():
    assert [str(path) for path in modules() if not path.read_text().lstrip().startswith('"""')] == []


def modules() -> list[Path]:
    return sorted((ROOT / "dcsim").rglob("*.py"))


# What is public


def test_public_names():
    assert dcsim.__all__ == sorted(dcsim.__all__)
    assert len(dcsim.__all__) <= MOST_PUBLIC_NAMES
    assert all(getattr(dcsim, name) is not None for name in dcsim.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'dcsim' has no attribute 'simulatte'"):
        _ = dcsim.simulatte


def test_importing_is_light():
    """The heavy libraries are imported by what needs them."""
    heavy = "{'pandas', 'matplotlib', 'numba', 'scipy', 'simpy', 'pyarrow', 'pydantic'} & set(sys.modules)"
    code, printed = output(sys.executable, "-c", f"import sys, dcsim; print(sorted({heavy}))")
    assert (code, printed.strip()) == (0, "[]")


def test_the_version_is_said_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = re.search(r"^## \[?v?(\d+\.\d+\.\d+\S*?)\]?(\s|$)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest, "CHANGELOG.md has a heading such as '## 0.1.0'"
    assert newest[1] == dcsim.__version__
    assert project.get("version", dcsim.__version__) == dcsim.__version__


# What is in the repository


def files() -> list[Path]:
    """Everything that is kept, or would be with the next commit."""
    listed = subprocess.run(
        ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.split("\0") if listed.returncode == 0 else [str(path.relative_to(ROOT)) for path in sources()]
    return sorted(ROOT / name for name in names if name and (ROOT / name).is_file())


def sources() -> list[Path]:
    """The files of an unpacked archive, which is no repository."""
    folders = ("dcsim", "tests", "configs", ".ci")
    return [
        *ROOT.glob("*.*"),
        *(path for name in folders for path in (ROOT / name).rglob("*") if path.suffix != ".pyc"),
    ]


FOLDERS = "|".join(("wo" + "rk", "ro" + "ot", "tm" + "p", "ho" + "me"))
HOSTS = ("py" + "pi.org", "python" + "hosted.org", "conda" + ".anaconda.org", "test" + "pypi")


def test_no_file_names_a_machine_or_a_registry():
    strange = re.compile(rf"(?<![\w./)\]}}-])/({FOLDERS})(/|\b)|{'|'.join(map(re.escape, HOSTS))}")
    found = []
    for path in files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
            for number, line in enumerate(text.splitlines(), start=1)
            if strange.search(line)
        ]
    assert found == []


def test_nothing_large_is_kept():
    """Results and pictures are made, not kept; what the README shows may be."""
    assert [str(path) for path in files() if path.stat().st_size > 2_000_000] == []


# The README


def blocks(language: str) -> list[str]:
    """The fenced blocks of both texts in one language."""
    text = README.read_text() + STUDIES.read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader has it after cloning, with the scenarios that the README spells out.

    A YAML block that starts with a comment such as `# campus.yaml` is the file of this name.
    """
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "configs", folder / "configs")
    for block in blocks("ya?ml"):
        if named := re.match(r"# (\S+\.ya?ml)\b", block):
            (folder / named[1]).write_text(block)
    return folder


def commands(block: str) -> list[list[str]]:
    """The commands of a block, one per line or joined by &&."""
    lines = block.replace("\\\n", " ").splitlines()
    parts = [part for line in lines for part in line.removeprefix("$ ").split("&&")]
    return [words for part in parts if (words := shlex.split(part, comments=True))]


ONE_AFTER_ANOTHER = """
import sys
from dcsim.__main__ import main

for sys.argv in {}:
    print(*sys.argv, flush=True)
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
"""
"""Commands in one process, which imports and loads what is compiled once; it ends with the first that fails."""


def test_the_readme_installs_runs_and_tests():
    text = "\n".join(blocks("(?:bash|sh|console)"))
    assert "pip install" in text
    assert "dcsim run configs/colossus-1.yaml" in text
    assert "python -m pytest" in text
    assert text.index("dcsim run") < text.index("pytest")


def test_the_readme_s_test_command_is_that_of_ci():
    ours = next(words for block in blocks("(?:bash|sh|console)") for words in commands(block) if "pytest" in words)
    assert shlex.join(ours) in (ROOT / ".ci" / "run").read_text()


@pytest.mark.slow
def test_the_readme_s_commands_work(clone):
    """Every dcsim command does; whatever else stands in these blocks only prepares a machine."""
    told = [words for block in blocks("(?:bash|sh|console)") for words in commands(block)]
    ours = [words for words in told if words[0] == "dcsim"]
    assert ours
    assert {words[0] for words in told} <= {"dcsim", *SETUP}
    code, printed = output(sys.executable, "-c", ONE_AFTER_ANOTHER.format(ours), folder=clone)
    assert code == 0, printed
    for words in ours:
        for option in ("--plot", "--out"):
            if option in words:
                assert (clone / words[words.index(option) + 1]).exists()


@pytest.mark.slow
def test_the_readme_s_python_works(clone):
    """All blocks as one session, as a reader would type them."""
    assert blocks("python")
    code, printed = output(sys.executable, "-W", "error", "-c", "\n".join(blocks("python")), folder=clone)
    assert code == 0, printed


def test_the_readme_s_scenarios_load(clone):
    whole = [block for block in blocks("ya?ml") if re.search(r"^activities:", block, re.MULTILINE)]
    assert whole, "the README explains a scenario"
    for number, block in enumerate(whole):
        path = clone / f"block{number}.yaml"
        path.write_text(block)
        assert dcsim.simulate(dcsim.check(path), expected=True).milestones["day"].notna().any()


@pytest.mark.parametrize("text", [README, STUDIES], ids=["README", "configs"])
def test_the_readme_s_links_lead_somewhere(text):
    targets = re.findall(r"\]\(([^)#\s]+)", text.read_text())
    local = [text.parent / target for target in targets if "://" not in target]
    kept = set(files())
    assert [target for target in local if target not in kept and not target.is_dir()] == []


def test_the_readme_is_short():
    assert len(README.read_text().splitlines()) <= LONGEST_README
