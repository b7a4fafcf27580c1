"""Installing puts `tidegate` and nothing else in site-packages, however it is installed."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LINKED = ("schema", "resolvers", "realtime", "sandbox")
LINKS = {f"tidegate/{name}": f"../{name}" for name in LINKED} | {
    "tidegate/scaffold/servicedesk": "../../examples/servicedesk"
}
PACKAGES: list[str] = PROJECT["tool"]["setuptools"]["packages"]
FOLDERS: dict[str, str] = PROJECT["tool"]["setuptools"]["package-dir"]
GENERATED = {"__pycache__", "node_modules", "build", "dist", "htmlcov"}
VENDORED = {"tidegate/web/static/graphiql.css"}
SOURCE = {".py", ".js", ".mjs", ".ts", ".tsx", ".css", ".html", ".sql", ".graphql", ".yaml", ".md"}

IMPORT_ALL = f"""
import importlib, pkgutil, sys, tidegate
def fail(name):
    raise
found = [m.name for m in pkgutil.walk_packages(tidegate.__path__, "tidegate.", onerror=fail)]
for name in found:
    if not name.endswith("__main__"):
        importlib.import_module(name)
short = sorted(set({LINKED!r}) & sys.modules.keys())
assert not short, short
print(*found)
print(tidegate.__file__)
"""


def tree(folder: Path) -> Iterator[Path]:
    """Files of the checkout that people wrote, links not followed."""
    for path in sorted(folder.iterdir()):
        if path.name in GENERATED or path.name.endswith(".egg-info") or path.is_symlink():
            continue
        if path.is_dir():
            if not path.name.startswith(".") or path.name == ".ci":
                yield from tree(path)
        elif path.suffix not in {".pyc", ".db", ".db-wal", ".db-shm"}:
            yield path


def package_files() -> dict[str, Path]:
    """Every file of our packages: its path in site-packages, and where it is in the checkout."""
    return {
        (Path(*package.split(".")) / path.relative_to(ROOT / folder)).as_posix(): path
        for package, folder in FOLDERS.items()
        for path in tree(ROOT / folder)
    }


def copy_checkout(target: Path, links: str) -> Path:
    """The checkout as a clone has it: with `links`, with `text` where a link was (git without links), or `none`."""
    for path in tree(ROOT):
        copy = target / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    for name, destination in LINKS.items():
        if links == "links":
            (target / name).symlink_to(destination)
        elif links == "text":
            (target / name).write_text(destination)
    return target


def run(*command: str | Path, cwd: Path) -> str:
    # What runs from another place is not what the coverage is of.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(checkout: Path, *what: str) -> list[Path]:
    out = checkout.parent / "dist"
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, *what, cwd=checkout)
    return sorted(out.iterdir())


def install(folder: Path, *what: str | Path) -> tuple[Path, Path]:
    """A fresh environment with `what` in it: its Python and its site-packages. It borrows our third-party packages,
    but not our own editable install: Python reads no `.pth` files of a borrowed folder."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    ours = Path(sysconfig.get_path("purelib"))
    builder = [
        site / path.name
        for path in (ours / "setuptools", ours / "_distutils_hack", *ours.glob("setuptools-*.dist-info"))
    ]
    for link in builder:
        link.symlink_to(ours / link.name)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    run(*pip, "install", "--no-compile", "--no-deps", "--no-index", "--no-build-isolation", *what, cwd=folder.parent)
    for link in builder:
        link.unlink()
    (site / "borrowed.pth").write_text(f"{ours}\n")
    return python, site


def check_installed(python: Path, site: Path, elsewhere: Path) -> None:
    *_, found, file = run(python, "-c", IMPORT_ALL, cwd=elsewhere).splitlines()
    code = (name for name in package_files() if name.endswith(".py") and "/servicedesk/" not in name)
    modules = {name.removesuffix(".py").removesuffix("/__init__") for name in code}
    assert {"tidegate", *found.split()} == {name.replace("/", ".") for name in modules}
    assert Path(file).is_relative_to(site)
    tidegate = python.parent / "tidegate"
    assert "Usage: tidegate" in run(tidegate, "--help", cwd=elsewhere)
    # The example came along.
    run(tidegate, "init", "desk", cwd=elsewhere)
    run(tidegate, "check", "desk", cwd=elsewhere)


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the sdist, each built from the checkout; once, for all workers of a parallel run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_TESTRUNUID" in os.environ else base) / "packaging"
    folder.mkdir(exist_ok=True)
    done = folder / "done"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            build(copy_checkout(folder / "checkout", "links"), "--wheel", "--sdist")
            done.touch()
    wheel, sdist = sorted((folder / "dist").iterdir(), key=lambda path: path.suffix, reverse=True)
    return wheel, sdist


def wheel_names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_table_of_packages_is_complete() -> None:
    data = PROJECT["tool"]["setuptools"]["package-data"]
    whole = tuple(f"{package.replace('.', '/')}/" for package in PACKAGES if "**/*" in data.get(package, []))
    folders = {str(Path(name).parent) for name in package_files()}
    assert {f for f in folders if not f.startswith(whole)} == {package.replace(".", "/") for package in PACKAGES}
    assert len(PACKAGES) == len(set(PACKAGES))


def test_folders_and_links_agree() -> None:
    linked = {name.replace("/", "."): (ROOT / name).resolve() for name in LINKS}
    assert {name: ROOT / folder for name, folder in FOLDERS.items()} == {"tidegate": ROOT / "tidegate"} | linked


def test_every_folder_with_modules_is_a_package() -> None:
    files = package_files()
    # The example's own code is data.
    folders = {Path(name).parent for name in files if name.endswith(".py") and "/servicedesk/" not in name}
    assert [str(folder) for folder in folders if f"{folder}/__init__.py" not in files] == []


def test_links_are_relative() -> None:
    assert {name: (ROOT / name).readlink().as_posix() for name in LINKS} == LINKS


def test_wheel_holds_every_file_of_the_packages(distributions: tuple[Path, Path]) -> None:
    assert wheel_names(distributions[0]) == set(package_files())


def test_wheel_installs_as_tidegate_only(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    python, site = install(tmp_path / "environment", distributions[0])
    assert sorted(path.name for path in site.iterdir()) == [
        "borrowed.pth",
        "tidegate",
        f"tidegate-{PROJECT['project']['version']}.dist-info",
    ]
    check_installed(python, site, tmp_path)


def test_sdist_installs_as_tidegate_only(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    python, site = install(tmp_path / "environment", distributions[1])
    assert sorted(path.name.split("-")[0] for path in site.iterdir()) == ["borrowed.pth", "tidegate", "tidegate"]
    check_installed(python, site, tmp_path)


def test_sdist_holds_what_a_distributor_needs(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {path.relative_to(ROOT).as_posix() for folder in ("tests", "examples") for path in tree(ROOT / folder)}
    assert wanted | {"LICENSE", "README.md", "CHANGELOG.md", "Makefile", "schema/__init__.py"} <= names
    assert not any("node_modules" in name for name in names)


@pytest.mark.parametrize("links", ["text", "none"])
def test_installs_from_a_clone_without_links(distributions: tuple[Path, Path], tmp_path: Path, links: str) -> None:
    checkout = copy_checkout(tmp_path / "checkout", links)
    (wheel,) = build(checkout, "--wheel")
    assert wheel_names(wheel) == wheel_names(distributions[0])


@pytest.mark.parametrize("links", ["links", "text", "none"])
def test_editable_install(tmp_path: Path, links: str) -> None:
    checkout = copy_checkout(tmp_path / "checkout", links)
    python, site = install(tmp_path / "environment", "--editable", checkout)
    top = {path.name.split("-")[0] for path in site.iterdir() if path.name != "__pycache__"}
    finder = f"__editable___tidegate_{PROJECT['project']['version'].replace('.', '_')}_finder.py"
    assert top == {"borrowed.pth", "tidegate", "__editable__.tidegate", finder}
    importable = [package for package in PACKAGES if package.replace(".", "/") + "/__init__.py" in package_files()]
    script = "import sys\n" + "".join(f"import {package}\n" for package in importable)
    script += f"assert not set({LINKED!r}) & sys.modules.keys()\nprint(tidegate.schema.__file__)"
    assert Path(run(python, "-c", script, cwd=tmp_path).strip()).is_relative_to(checkout)


def test_python_m_in_a_bare_clone(tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "checkout", "links")
    blocker = "import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'Editable' not in repr(f)]; "
    script = "import runpy; sys.argv = ['tidegate', '--help']; runpy.run_module('tidegate', run_name='__main__')"
    assert "Usage: " in run(sys.executable, "-c", blocker + script, cwd=checkout)


def test_short_names_are_never_imported() -> None:
    assert sorted(set(LINKED) & sys.modules.keys()) == []


def test_source_files_are_short() -> None:
    sources = {path.relative_to(ROOT).as_posix(): path for path in tree(ROOT) if path.suffix in SOURCE}
    sizes = {name: len(path.read_text().splitlines()) for name, path in sources.items() if not name.startswith("docs/")}
    assert {name for name, size in sizes.items() if size > 500} == VENDORED


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").iterdir()), ids=lambda path: path.name)
def test_python_locks_are_hashed_and_hold_no_address(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"://|^-", text, re.MULTILINE) == []
    for entry in re.split(r"\n(?=\S)", text):
        assert entry.startswith("#") or "--hash=sha256:" in entry, entry


def pinned(path: Path) -> dict[str, str]:
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([\w.-]+)==([\w.+!-]+)", path.read_text(), re.MULTILINE)
    }


def test_python_locks_are_in_step_with_the_project() -> None:
    runtime, development = (pinned(ROOT / "requirements" / f"{name}.txt") for name in ("runtime", "development"))
    groups = PROJECT["dependency-groups"]
    wanted = PROJECT["project"]["dependencies"] + groups["build"]
    assert runtime.items() <= development.items()
    for lock, texts in ((runtime, wanted), (development, [text for text in groups["dev"] if isinstance(text, str)])):
        for requirement in map(Requirement, texts):
            assert requirement.specifier.contains(lock[canonicalize_name(requirement.name)]), requirement
    for requirement in map(Requirement, wanted):
        # We speak monty's own protocol, which is nobody's promise: one version it is.
        bounds = {"=="} if requirement.name == "pydantic-monty-runtime" else {">=", "<"}
        # The time zones have no other bound than the newest.
        bounds = {">="} if requirement.name == "tzdata" else bounds
        assert {spec.operator for spec in requirement.specifier} == bounds, requirement


def test_node_locks_hold_no_address() -> None:
    manifests = [path for path in tree(ROOT) if path.name == "package.json"]
    assert manifests
    for manifest in manifests:
        lock = json.loads(manifest.with_name("package-lock.json").read_text())
        # Another folder of ours comes as a link, and is no package of anybody's.
        packages = {name: entry for name, entry in lock["packages"].items() if name and not name.startswith("../")}
        assert [name for name, entry in packages.items() if "resolved" in entry and not entry.get("link")] == []
        assert [name for name, entry in packages.items() if "integrity" not in entry and not entry.get("link")] == []
        own = json.loads(manifest.read_text())
        assert lock["packages"][""].get("dependencies", {}) == own.get("dependencies", {})
        assert "omit-lockfile-registry-resolved=true" in manifest.with_name(".npmrc").read_text().splitlines()
