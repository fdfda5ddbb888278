"""Commands, their help and their pages name the same options.

A page's table of options is made from the command itself; `POSTCAST_UPDATE_DOCS=1` writes it.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from postcast.cli.main import app_of

ROOT = Path(__file__).parents[2]
COMMANDS: dict[str, Any] = dict(typer.main.get_command(app_of([])).commands)
TABLE = re.compile(r"(<!-- options: .*? -->\n)(.*?)(<!-- end -->)", re.DOTALL)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
FOREIGN = {
    "--index-url",
    "--no-deps",
    "--no-build-isolation",
    "--local-dir",
    "--array",
    "--open-mode",
    "--requeue",
    "--signal",
}
"""Those of pip, hf and sbatch."""
CHEAP = ("predict", "prepare")
"""Commands whose examples run in a second."""


def page(name: str) -> Path:
    return ROOT / "docs" / f"{name}.md"


def options(name: str) -> list[Any]:
    return [one for one in COMMANDS[name].params if one.param_type_name == "option"]


def option_names(name: str) -> set[str]:
    return {o for one in options(name) for o in one.opts if o.startswith("--")} | {"--help"}


def every_option() -> set[str]:
    return set().union(*map(option_names, COMMANDS)) | {"--version"} | FOREIGN


def help_lines(name: str) -> list[str]:
    """Return the example command lines in a command's help."""
    lines = [line.strip() for line in COMMANDS[name].help.splitlines()]
    return [re.split(r"\s{3,}", line)[0] for line in lines if line.startswith("postcast ")]


def table(name: str) -> str:
    """Return a command's options as Markdown tables, one a panel, as its help groups them."""
    panels: dict[str, list[Any]] = {}
    for one in options(name):
        panels.setdefault(getattr(one, "rich_help_panel", None) or "Options", []).append(one)
    return "\n".join(
        f"**{panel}**\n\n| option | value | default | what it does |\n| --- | --- | --- | --- |\n"
        + "".join(map(row, found))
        for panel, found in panels.items()
    )


def row(one: Any) -> str:
    text, _, default = (
        one.help.replace("\\[", "[").replace("[required]", "").partition("[default: ")
    )
    default = "required" if one.required else default.partition("]")[0] or "–"
    value = "–" if one.is_flag else (one.metavar or "TEXT").replace("|", " \\| ")
    text = " ".join(text.split()).rstrip(" .") + "."
    cells = (f"`{one.opts[0]}`", value, default, text.replace("|", "\\|"))
    return f"| {' | '.join(cells)} |\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_runs_and_mentions_every_option(name, postcast_command):
    answer = postcast_command(name, "--help")
    assert answer.code == 0
    assert option_names(name) <= set(OPTION.findall(answer.out))


@pytest.mark.parametrize("name", COMMANDS)
def test_page_has_the_options_of_its_command(name, updating):
    text = page(name).read_text("utf-8")
    made = TABLE.sub(lambda m: m[1] + "\n" + table(name) + "\n" + m[3], text)
    if updating:
        page(name).write_text(made, "utf-8")
    assert TABLE.search(made), "the page has no table of options"
    assert made == text or updating, "run the tests with POSTCAST_UPDATE_DOCS=1"


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))])
def test_no_page_names_an_option_that_does_not_exist(path):
    others = r"<!--.*?-->|#SBATCH.*|ray start[^`\n]*"
    told = re.sub(others, "", path.read_text("utf-8"))
    assert set(OPTION.findall(told)) <= every_option()


@pytest.mark.parametrize("name", COMMANDS)
def test_readme_and_contents_link_to_the_page(name):
    assert f"(docs/{name}.md)" in (ROOT / "README.md").read_text("utf-8")
    assert f"({name}.md)" in page("index").read_text("utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_and_they_parse(name):
    assert help_lines(name)
    for line in help_lines(name):
        _, command, *arguments = shlex.split(line)
        COMMANDS[command].make_context(command, arguments)


@pytest.mark.parametrize("line", [line for name in CHEAP for line in help_lines(name)])
def test_cheap_examples_run(line, folder, postcast_command):
    answer = postcast_command(*shlex.split(line)[1:])
    assert answer.code == 0, answer.err
