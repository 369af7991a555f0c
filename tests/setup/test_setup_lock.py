"""The lock: how constraints.txt is rebuilt, and that it is what is installed."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import course
from tools import lock

PROJECT = tomllib.loads((course.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (course.ROOT / "constraints.txt").read_text(encoding="utf-8")


def rebuild(root: Path, text: str, status: int = 0) -> tuple[int, list[str]]:
    """Rebuild the lock in `root` with a uv that writes `text`; (status, command line)."""
    seen = []

    def call(line: list[str], cwd: Path) -> int:
        seen.extend(line)
        draft = cwd / line[line.index("-o") + 1]
        assert draft.read_text(encoding="utf-8") == "numpy==2.0.0\n", "uv must see the old pins"
        draft.write_text(text, encoding="utf-8")
        return status

    return lock.rebuild(["--upgrade"], root, call), seen


def test_lock_replaces_the_lock_by_a_complete_one(root) -> None:
    text = "# header\nnumpy==2.1.0 ; sys_platform == 'linux'\n    # via x\n"
    status, line = rebuild(root, text)
    assert status == 0
    assert (root / "constraints.txt").read_text(encoding="utf-8") == text
    assert line[1:5] == ["-m", "uv", "pip", "compile"]
    said = " ".join(line)
    for part in ("--universal", "--python-version 3.11", "--all-extras", "--upgrade"):
        assert part in said
    assert line[line.index("--custom-compile-command") + 1] == "make lock"
    assert sorted(path.name for path in root.iterdir()) == ["constraints.txt", "pyproject.toml"]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple",
        "numpy @ https://example.org/numpy.whl",
        "-e .",
        "./numpy.whl",
        "numpy>=2",
        "numpy",
        "# from https://example.org/simple",
    ],
)
def test_lock_takes_nothing_but_exact_pins(root, line) -> None:
    with pytest.raises(lock.LockError, match="the new lock was not taken"):
        rebuild(root, f"scipy==1.0\n{line}\n")
    assert (root / "constraints.txt").read_text(encoding="utf-8") == "numpy==2.0.0\n"
    assert not (root / "constraints.new.txt").exists()


def test_a_failed_lock_leaves_the_old_one(root) -> None:
    status, _ = rebuild(root, "half", status=2)
    assert status == 2
    assert (root / "constraints.txt").read_text(encoding="utf-8") == "numpy==2.0.0\n"
    assert not (root / "constraints.new.txt").exists()


def test_an_old_environment_will_do_to_rebuild_the_lock(root, ensure, monkeypatch) -> None:
    ensure(root)
    (root / "constraints.txt").write_text("numpy==1.0 # impossible\n", encoding="utf-8")
    make = course.Setup
    monkeypatch.setattr(course, "Setup", lambda: make(root, lambda *_: pytest.fail("installed")))
    monkeypatch.delenv("COURSE_HERE", raising=False)
    assert course.choose_python("lock") == make(root).python


def pins() -> list[Requirement]:
    """The lines of constraints.txt."""
    lines = LOCK.splitlines()
    return [Requirement(line) for line in lines if line and not line.lstrip().startswith("#")]


def pinned_version(name: str) -> Version | None:
    """The version of a package that constraints.txt gives this system; None when it gives none."""
    versions = [
        Version(next(iter(pin.specifier)).version)
        for pin in pins()
        if canonicalize_name(pin.name) == name and (pin.marker is None or pin.marker.evaluate())
    ]
    assert len(versions) < 2, f"{name} is pinned more than once for this system: {versions}"
    return versions[0] if versions else None


def installed_requirements(start: str) -> set[str]:
    """The names of all packages that `start`, like name[extra], needs on this system."""
    waiting, done = [Requirement(start)], set()
    while waiting:
        wanted = waiting.pop()
        for extra in ("", *wanted.extras):
            key = (canonicalize_name(wanted.name), extra)
            if key in done:
                continue
            done.add(key)
            for text in metadata.requires(wanted.name) or []:
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    waiting.append(needed)
    return {name for name, _ in done}


def test_the_lock_is_nothing_but_exact_pins() -> None:
    lock.check(LOCK)
    for pin in pins():
        assert pin.url is None
        assert [part.operator for part in pin.specifier] == ["=="], pin


def test_the_lock_is_what_is_installed_to_the_last_package() -> None:
    names = installed_requirements("course-utils[lab,dev]") - {"course-utils"}
    assert len(names) > 100, "the walk through the requirements missed most of them"
    found = {name: Version(metadata.version(name)) for name in names}
    locked = {name: pinned_version(name) for name in names}
    wrong = {
        name: f"installed {found[name]}, locked {locked[name]}"
        for name in sorted(names)
        # A build for one processor (2.15.0+cpu) is the same version.
        if locked[name] is None or Version(found[name].public) != Version(locked[name].public)
    }
    assert not wrong


def test_pyproject_admits_what_the_lock_pins() -> None:
    wanted = list(PROJECT["dependencies"])
    for extra in PROJECT["optional-dependencies"].values():
        wanted += extra
    for requirement in map(Requirement, wanted):
        versions = [
            next(iter(pin.specifier)).version
            for pin in pins()
            if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
        ]
        assert versions, f"{requirement.name} is not locked: run `python course.py lock`"
        for version in versions:
            assert requirement.specifier.contains(version, prereleases=True), requirement
