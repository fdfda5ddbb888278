"""The papers around the code agree with one another and with the package."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import postcast

ROOT = Path(__file__).parents[2]
APACHE_2_SHA256 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads(read("pyproject.toml"))


def locked() -> dict[str, list[str]]:
    """Each pin of the constraints, with its hashes."""
    text = re.sub(r"^#.*\n", "", read("constraints.txt"), flags=re.M).replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines()]
    return {pin: hashes for pin, *hashes in lines}


@pytest.fixture(scope="module")
def constraints() -> list[Requirement]:
    return [Requirement(pin) for pin in locked()]


@pytest.fixture(scope="module")
def pins(constraints) -> dict[str, str]:
    return {canonicalize_name(pin.name): str(pin.specifier) for pin in constraints}


@pytest.fixture(scope="module")
def conda() -> list:
    return yaml.safe_load(read("environment.yml"))["dependencies"]


@pytest.fixture(scope="module")
def conda_pip(conda) -> list[str]:
    return next(entry["pip"] for entry in conda if isinstance(entry, dict))


def direct_dependencies(project: dict, *, development: bool) -> list[Requirement]:
    extras = project["project"]["optional-dependencies"].values()
    groups = project["dependency-groups"].values() if development else ()
    texts = [*project["project"]["dependencies"], *(t for part in (*extras, *groups) for t in part)]
    requirements = [Requirement(text) for text in texts]
    return [requirement for requirement in requirements if requirement.name != "postcast"]


def test_constraints_pin_every_package_once_exactly_and_publicly(constraints, pins):
    assert len(constraints) == len(pins) > 0
    names = [canonicalize_name(pin.name) for pin in constraints]
    assert names == sorted(names)
    for pin in constraints:
        assert re.fullmatch(r"==[0-9][0-9a-z.]*", str(pin.specifier)), pin


def test_constraints_hold_the_hashes_of_every_file_of_a_pin():
    for pin, hashes in locked().items():
        assert hashes, f"{pin} has no hash: run .ci/hashes.py"
        assert hashes == sorted(set(hashes)), pin
        for each in hashes:
            assert re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each), (pin, each)


def test_no_floor_admits_a_version_with_a_known_flaw(project):
    """`tests/docs/advisories.toml` lists them; a floor is the lowest version that may be had."""
    flaws = tomllib.loads(read("tests/docs/advisories.toml"))
    floors: dict[str, list[Requirement]] = {}
    for requirement in direct_dependencies(project, development=True):
        floors.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    for name, flaw in flaws.items():
        assert name in floors, f"{name} is no dependency any more: remove its advisory"
        assert re.match(r"(CVE|GHSA|PYSEC)-", flaw["advisory"]), name
        for requirement in floors[name]:
            lowest = [s for s in requirement.specifier if s.operator in {">=", "=="}]
            assert len(lowest) == 1, f"{requirement} has no floor"
            fixed = f"{name} is fixed in {flaw['fixed']} ({flaw['advisory']})"
            assert Version(lowest[0].version) >= Version(flaw["fixed"]), fixed


def test_constraints_pin_every_direct_dependency_within_its_range(project, pins):
    for requirement in direct_dependencies(project, development=True):
        pin = pins.get(canonicalize_name(requirement.name))
        assert pin, f"{requirement.name} is not pinned in constraints.txt"
        assert requirement.specifier.contains(pin.removeprefix("==")), f"{requirement}, {pin}"


def test_environment_asks_for_the_python_of_the_project(project, conda):
    python = next(e for e in conda if isinstance(e, str) and e.startswith("python"))
    assert python == f"python{project['project']['requires-python']}"


def test_environment_pins_each_direct_dependency_as_the_constraints_do(project, pins, conda_pip):
    named = [Requirement(line) for line in conda_pip if not line.startswith("--")]
    expected = {canonicalize_name(r.name) for r in direct_dependencies(project, development=False)}
    build = {"editables", "hatchling"}  # with which the folder is installed afterwards
    assert {canonicalize_name(r.name) for r in named} == expected | build
    for requirement in named:
        assert str(requirement.specifier) == pins[canonicalize_name(requirement.name)], requirement


def test_environment_installs_under_the_constraints_what_pip_can_check(conda_pip):
    """A folder has no hash: pip refuses an editable one wherever a constraint has hashes."""
    assert [line for line in conda_pip if line.startswith("--")] == ["--constraint constraints.txt"]
    assert "pip install --no-deps --no-build-isolation --editable ." in read("environment.yml")


def test_citation_is_valid_and_of_this_version(project):
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= citation.keys()
    assert citation["version"] == postcast.__version__
    assert citation["license"] == project["project"]["license"]
    assert citation["authors"] == project["project"]["authors"]


def test_changelog_begins_with_this_version():
    versions = re.findall(r"^## \[([^]]+)\]", read("CHANGELOG.md"), flags=re.MULTILINE)
    released = [version for version in versions if version != "Unreleased"]
    assert released[0] == postcast.__version__


def test_licence_is_the_apache_licence_to_the_letter():
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2_SHA256


def test_notice_names_every_direct_dependency(project):
    named = {
        canonicalize_name(word) for word in re.findall(r"^  (\S+)", read("NOTICE"), flags=re.M)
    }
    for requirement in direct_dependencies(project, development=False):
        assert canonicalize_name(requirement.name) in named, requirement.name
