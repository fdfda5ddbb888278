"""What the documents show is what happens: every console and python block runs.

A page's blocks run in order, in one folder. Outputs are compared as `tolerance` says, since figures
move from one kind of processor to another. `POSTCAST_UPDATE_DOCS=1` writes what was printed into
the pages instead, where it is not what they show; in an output, `...` stands for anything.
"""

from __future__ import annotations

import difflib
import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from bench.small_models import one_figure
from tests.docs.tolerance import disagreement

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DRAWN = (ROOT / "README.md", ROOT / "docs" / "run.md")
"""The pages whose runs draw all their figures; no output shows one."""

LANGUAGES = {"console", "python", "text", "json", "toml", "bibtex"}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = set("|&;<>()$")
LONGEST_WAIT = 300


@dataclass(frozen=True)
class Step:
    """A command with the output that the page shows for it."""

    command: str
    shown: str


def relative(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[tuple[str, str]]:
    return [(m[1], m[2]) for m in FENCE.finditer(page.read_text("utf-8"))]


def steps(block: str) -> Iterator[Step]:
    """Yield the commands of a console block; a line that ends in a backslash goes on."""
    command, shown, goes_on = "", "", False
    for line in block.splitlines(keepends=True):
        if goes_on:
            command += line
        elif line.startswith("$ "):
            if command:
                yield Step(command.rstrip("\n"), shown)
            command, shown = line.removeprefix("$ "), ""
        else:
            shown += line
            continue
        goes_on = line.endswith("\\\n")
    if command:
        yield Step(command.rstrip("\n"), shown)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_blocks_name_their_language(page):
    text = page.read_text("utf-8")
    assert text.count("```") == 2 * len(blocks(page)), "a fence is not closed, or is indented"
    for language, block in blocks(page):
        assert language in LANGUAGES, f"{language!r}: {block[:60]}"
        if language == "console":
            assert block.startswith("$ "), block[:60]


@pytest.mark.parametrize(
    "page", [p for p in PAGES if {"console", "python"} & {b[0] for b in blocks(p)}], ids=relative
)
def test_page_runs_and_prints_what_it_shows(page, folder, postcast_command, updating, monkeypatch):
    if page not in DRAWN:
        monkeypatch.setattr("postcast.evaluate.plots.draw_all", one_figure)
    if page.name == "README.md":  # which makes its RUN from the embedded sample
        shutil.rmtree(folder / "RUN")
    console, names = Console(postcast_command), {"__name__": "__main__"}
    text = page.read_text("utf-8")
    for language, block in blocks(page):
        if language == "console":
            done = [replace(step, shown=console.run(step, updating)) for step in steps(block)]
            new = "".join(f"$ {step.command}\n{step.shown}" for step in done)
            text = text.replace(f"```console\n{block}", f"```console\n{new}", 1)
        elif language == "python":
            run_python(block, names, relative(page))
    if updating:
        page.write_text(text, "utf-8")


class Console:
    """Runs console commands, and remembers the last exit code."""

    def __init__(self, postcast_command: Any) -> None:
        self.postcast = postcast_command
        self.code = 0

    def run(self, step: Step, updating: bool) -> str:
        """Run one command and return the output to show for it."""
        command = step.command.replace("\\\n", " ")
        if command.startswith("make "):
            check_make(command)
            return step.shown
        if "pip install" in command:
            check_pip(command)
            return step.shown
        printed = f"{self.code}\n" if command == "echo $?" else self._printed(command)
        if updating and disagreement(step.shown, printed):
            return refreshed(step.shown, printed)
        compare(step.command, step.shown, printed)
        return step.shown

    def _printed(self, command: str) -> str:
        words = shlex.split(command)
        if words[0] == "postcast" and not SHELL & set(command):
            self.code, out, err = self.postcast(*words[1:])
        else:
            self.code, out, err = in_shell(command)
        errors = [line for line in err.splitlines(keepends=True) if line.startswith("postcast: ")]
        assert self.code == 0 or errors, f"{command}\nexit {self.code}\n{err}"
        return re.sub(r"[ \t]+$", "", out + "".join(errors), flags=re.MULTILINE)


def in_shell(command: str) -> tuple[int, str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=os.environ | {"PATH": path, "COLUMNS": "200", "NO_COLOR": "1"},
        timeout=LONGEST_WAIT,
    )
    return done.returncode, done.stdout, done.stderr


def compare(command: str, shown: str, printed: str) -> None:
    reason = disagreement(shown, printed)
    if reason is None:
        return
    difference = "\n".join(
        difflib.unified_diff(shown.splitlines(), printed.splitlines(), "shown", "printed")
    )
    pytest.fail(f"$ {command}\n{reason}\n{difference}", pytrace=False)


def refreshed(shown: str, printed: str) -> str:
    """Return the output to show: all of it, or the printed lines most like those shown.

    A line that differs from the shown one in figures alone, within tolerance, stays as it is.
    """
    if "...\n" not in shown:
        return "".join(kept_lines(shown.splitlines(), printed.splitlines()))
    candidates, lines = printed.splitlines(), []
    for line in shown.splitlines():
        near = difflib.get_close_matches(line, candidates, 1, cutoff=0.4)
        lines.append(line if line == "..." else near[0] if near else line)
    return "".join(f"{line}\n" for line in lines)


def kept_lines(shown: list[str], printed: list[str]) -> Iterator[str]:
    """Yield the printed lines, those that hold by tolerance as they were shown."""
    masked = [[re.sub(r"\d", "0", line) for line in lines] for lines in (shown, printed)]
    matcher = difflib.SequenceMatcher(None, *masked, autojunk=False)
    partners = {b + i: a + i for a, b, n in matcher.get_matching_blocks() for i in range(n)}
    for index, line in enumerate(printed):
        old = shown[partners[index]] if index in partners else line
        yield f"{line if disagreement(old, line) else old}\n"


class Tolerant(doctest.OutputChecker):
    """Takes what a python block prints as `tolerance` does, and ends of lines as blanks."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if super().check_output(want, got, optionflags):
            return True
        return disagreement(" ".join(want.split()), " ".join(got.split())) is None


def run_python(block: str, names: dict[str, Any], page: str) -> None:
    if ">>>" not in block:
        exec(compile(block, page, "exec"), names)
        return
    example = doctest.DocTestParser().get_doctest(block, {}, page, page, 0)
    example.globs = names
    told: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(Tolerant(), optionflags=flags)
    failed, _ = runner.run(example, out=told.append, clear_globs=False)
    if failed:
        pytest.fail("".join(told), pytrace=False)


def check_make(command: str) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in command.split()[1:]:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"no target {target}"


def check_pip(command: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for name, extras in re.findall(r"(postcast)\[([\w,]+)\]", command):
        assert name == project["name"]
        assert set(extras.split(",")) <= set(project["optional-dependencies"])


def test_readme_sets_a_clone_up_with_make_demo_and_make_test_alone():
    console = [block for language, block in blocks(ROOT / "README.md") if language == "console"]
    made = [s.command for block in console for s in steps(block) if s.command.startswith("make ")]
    assert list(dict.fromkeys(made)) == ["make demo", "make test"]


class TestTheseTests:
    """They fail where a document is wrong."""

    def test_a_block_is_cut_into_commands_and_outputs(self):
        block = "$ one \\\n    more\nout\n\nout\n$ two\n"
        assert list(steps(block)) == [Step("one \\\n    more", "out\n\nout\n"), Step("two", "")]

    @pytest.mark.parametrize("shown", ["", "b\n", "a\n...\nc\n"])
    def test_another_output_fails(self, shown):
        with pytest.raises(pytest.fail.Exception):
            compare("x", shown, "a\nb\n")

    def test_an_ellipsis_stands_for_lines(self):
        compare("x", "a\n...\nc\n", "a\nb\nb\nc\n")

    def test_a_python_block_with_another_answer_fails(self):
        with pytest.raises(pytest.fail.Exception):
            run_python(">>> 1 + 1\n3\n", {}, "page")

    def test_a_command_that_fails_in_silence_fails(self):
        with pytest.raises(AssertionError):
            Console(None).run(Step("false", ""), updating=False)

    def test_a_python_block_with_a_figure_outside_its_interval_fails(self):
        run_python(">>> print('0.55 [0.50, 0.70]')\n0.60 [0.50, 0.70]\n", {}, "page")
        with pytest.raises(pytest.fail.Exception):
            run_python(">>> print('0.75 [0.50, 0.80]')\n0.60 [0.50, 0.70]\n", {}, "page")

    def test_a_refreshed_line_keeps_figures_that_hold(self):
        shown = "title\nscore 0.600 [0.500, 0.700]\n3 posts\n"
        printed = "heading\nscore 0.610 [0.510, 0.710]\n4 posts\n"
        assert refreshed(shown, printed) == "heading\nscore 0.600 [0.500, 0.700]\n4 posts\n"

    def test_a_refreshed_output_keeps_what_is_left_out(self):
        assert refreshed("...\nscore 0.1\n", "head\nscore 0.2\n") == "...\nscore 0.2\n"
