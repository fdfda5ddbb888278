"""What a job asks of a Slurm cluster, checked before it stands in a script.

Knows how Slurm writes sizes, times and names; not what they are for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from postcast.errors import SettingsError

_NAME = r"[A-Za-z0-9][\w.@+-]*"
_FORMS = {
    "partition": (rf"{_NAME}(,{_NAME})*", "a name, as in gpu, or several with commas"),
    "account": (_NAME, "a name"),
    "gres": (r"[A-Za-z0-9][\w.:,/()=-]*", "a kind and a number, as in gpu:1"),
    "mem": (r"\d+[KMGT]?", "a number with K, M, G or T, as in 16G"),
    "time": (
        r"\d+|\d+:\d\d|\d+:\d\d:\d\d|\d+-\d+(:\d\d(:\d\d)?)?",
        "hours:minutes:seconds, as in 03:00:00, or days-hours",
    ),
}


@dataclass(frozen=True)
class Resources:
    """What each job asks for.

    Parameters
    ----------
    partition, account, gres : str, optional
        As Slurm takes them. `gres` is for the jobs that compute on a GPU: embed and train.
    cpus : int
        Cores of a job.
    mem : str
        Memory of a job, as in ``16G``.
    time : str
        Its time limit, as in ``03:00:00``.
    setup : str
        A line of shell that makes `postcast` known; the one that submits is taken without it.

    Raises
    ------
    SettingsError
        If a value is none that Slurm takes; a line break would end its line of the script.
    """

    partition: str | None = None
    account: str | None = None
    gres: str | None = None
    cpus: int = 4
    mem: str = "16G"
    time: str = "03:00:00"
    setup: str = ""

    def __post_init__(self) -> None:
        for name, (form, expected) in _FORMS.items():
            value = getattr(self, name)
            if value is not None and not re.fullmatch(form, value, re.ASCII):
                raise SettingsError(f"{name} {value!r}", expected)
        if self.cpus < 1:
            raise SettingsError(f"cpus {self.cpus}", "1 or more")
        if not self.setup.isprintable():
            raise SettingsError(
                f"setup {self.setup!r}", "one line of shell", "join several with &&"
            )
