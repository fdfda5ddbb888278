"""Batch scripts: whatever the user's values hold, bash and Slurm take them for what they are."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from postcast.cluster.folder import ClusterFolder
from postcast.cluster.resources import Resources
from postcast.cluster.scripts import Plan, array, toml, write_scripts
from postcast.errors import SettingsError

ODD = 'it\'s "odd" $(touch owned) `touch owned`; é'


def plan(run: Path, **changes) -> Plan:
    told = {"posts": "/data/posts.csv", "is_prepared": False, "is_sharded": True}
    return Plan(run=run, **{"resources": Resources(setup="true"), **told, **changes})


def scripts(made: Plan) -> dict[str, str]:
    written = write_scripts(made, ClusterFolder(made.run))
    return {path.stem: path.read_text("utf-8") for path in written}


@pytest.fixture
def run(tmp_path) -> Path:
    return tmp_path / "RUN"


def test_each_stage_has_a_script_that_bash_can_read(run):
    told = scripts(plan(run))
    assert list(told) == ["prepare", "embed", "train", "evaluate"]
    for text in told.values():
        assert text.startswith("#!/bin/bash")
        subprocess.run(["bash", "-n"], input=text, text=True, check=True)


def test_an_encoder_that_learns_its_words_is_given_no_shards(run):
    told = scripts(plan(run, is_sharded=False))
    assert list(told) == ["prepare", "train", "evaluate"]
    assert not any("shard" in text for text in told.values())


def test_directives_come_before_the_first_command_or_slurm_overlooks_them(run):
    for text in scripts(plan(run, resources=Resources("gpu", "ours", "gpu:1"))).values():
        commands = [n for n, line in enumerate(text.splitlines()) if line and line[0] != "#"]
        directives = [n for n, line in enumerate(text.splitlines()) if line.startswith("#SBATCH")]
        assert len(directives) > 8
        assert max(directives) < min(commands)


def test_a_gpu_is_asked_for_where_one_computes(run):
    told = scripts(plan(run, resources=Resources(gres="gpu:1", setup="true")))
    assert [stage for stage, text in told.items() if "--gres=gpu:1" in text] == ["embed", "train"]
    made = plan(run, resources=Resources(gres="gpu:1", setup="true"), settings={"device": "cuda"})
    asking = [stage for stage, text in scripts(made).items() if "--gres=gpu:1" in text]
    assert asking == ["embed", "train", "evaluate"]


def test_a_remark_behind_the_setup_hides_nothing(run):
    text = scripts(plan(run, resources=Resources(setup="false # of 3.11")))["prepare"]
    assert subprocess.run(["bash", "-c", text], check=False).returncode == 1


def test_tasks_are_not_counted_where_nothing_is_divided(run):
    assert plan(run, is_sharded=False, shards=5_000, tasks=5_000).submission().tasks == 0
    with pytest.raises(SettingsError, match="5,000 tasks"):
        plan(run, shards=5_000, tasks=5_000)


def test_the_users_paths_reach_postcast_as_they_are(tmp_path, monkeypatch):
    """The scripts run, with a `postcast` that notes what it was given."""
    home = tmp_path / ODD
    home.mkdir()
    monkeypatch.chdir(home)
    notes = tmp_path / "notes"
    setup = f"postcast() {{ printf '%s\\n' \"$@\" >>{notes}; }}"
    posts = f"{home}/my posts.csv"
    made = plan(home / "RUN", posts=posts, resources=Resources(setup=setup))
    told = scripts(made)
    for stage, text in told.items():
        subprocess.run(
            ["bash", "-c", text],
            check=True,
            env={"PATH": "/usr/bin:/bin", "SLURM_ARRAY_TASK_ID": "3"},
        )
        assert not list(tmp_path.rglob("owned")), stage
    given = notes.read_text().splitlines()
    assert given.count(posts) == 3
    assert str(home / "RUN" / "cluster" / "shards" / "manifest.json") in given
    assert given[given.index("--index") + 1] == "3"
    assert not any(re.search(r"^#SBATCH.*odd", text, re.MULTILINE) for text in told.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("partition", "gpu\n#SBATCH --uid=0"),
        ("partition", "gpu --uid=0"),
        ("account", "$(id)"),
        ("gres", "gpu:1\nrm"),
        ("mem", "plenty"),
        ("mem", "16G\n"),
        ("time", "soon"),
        ("cpus", 0),
        ("setup", "true\nrm -r x"),
    ],
)
def test_what_would_break_out_of_its_line_is_refused(name, value):
    with pytest.raises(SettingsError, match=name):
        Resources(**{name: value})


@pytest.mark.parametrize("time", ["90", "30:00", "03:00:00", "2-12", "2-12:30:00"])
def test_times_are_taken_as_slurm_writes_them(time):
    assert Resources(time=time).time == time


@pytest.mark.parametrize("name", ["a%jb", "a\\b", "a\nb"])
def test_a_folder_that_slurm_would_read_otherwise_is_refused(tmp_path, name):
    with pytest.raises(SettingsError, match="path"):
        plan(tmp_path / name)


@pytest.mark.parametrize(
    "changes", [{"shards": 0}, {"tasks": 0}, {"at_once": 0}, {"shards": 4, "tasks": 5},
                {"shards": 5000, "tasks": 5000}]
)  # fmt: skip
def test_numbers_that_make_no_array_are_refused(run, changes):
    with pytest.raises(SettingsError):
        plan(run, **changes)


@pytest.mark.parametrize(
    ("tasks", "told"), [(range(8), "0-7%4"), ([3, 7], "3,7%4"), ([5], "5%4"), ([2, 3], "2-3%4")]
)
def test_arrays_are_told_as_slurm_takes_them(tasks, told):
    assert array(tasks, 4) == told


def test_settings_come_back_from_toml(run):
    given = {"encoder": ODD, "text_col": ["a\nb", "\x7f\u2028"], "seed": 7, "coverage": 0.8,
             "no_posts": True}  # fmt: skip
    assert tomllib.loads(toml(given)) == given


def test_a_cache_that_was_named_is_used_and_no_setting_of_the_run(run):
    told = scripts(plan(run, settings={"cache": "/big disk", "seed": 3}))
    assert "--cache '/big disk'" in told["train"]
    assert tomllib.loads((run / "cluster" / "settings.toml").read_text()) == {"seed": 3}


def test_prepared_posts_are_trained_on_as_they_are(run):
    told = scripts(plan(run, is_prepared=True, posts="/data/posts.parquet"))
    assert "postcast prepare" not in told["prepare"]
    assert "postcast train /data/posts.parquet" in told["train"]
