"""A Slurm of a few lines, which notes what it was asked."""

from __future__ import annotations

from pathlib import Path

import pytest

SBATCH = """\
#!/bin/bash
# Numbers jobs from 1 on, and refuses the script that the file `refused` names.
script="${{@: -1}}"
if [[ -f {box}/refused && $script == $(<{box}/refused) ]]; then
    echo "sbatch: error: Batch job submission failed: no such partition" >&2
    exit 1
fi
echo "$*" >>{box}/sbatch
wc -l <{box}/sbatch
"""
TOLD = """\
#!/bin/bash
echo "$*" >>{box}/{name}
cat {box}/queue 2>/dev/null || true
"""


@pytest.fixture
def box(tmp_path, monkeypatch) -> Path:
    """A folder in which a Slurm of a few lines notes what it was asked, and finds its queue."""
    box = tmp_path / "slurm"
    box.mkdir()
    for name, text in (("sbatch", SBATCH), ("squeue", TOLD), ("scancel", TOLD)):
        path = box / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(box=box, name=name))
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{box / 'bin'}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "posts.csv").write_text("text,saves\na,1\n")
    return box
