"""``postcast cancel``: the jobs of a submitted run, ended."""

from __future__ import annotations

from postcast.cli.options import Json, Run, takes_settings


@takes_settings()
def cancel(run: Run, *, json: Json = False) -> None:
    """End what of a submitted run waits or is running.

    What is done stays, and `postcast resume` goes on from there.

    Example:

      postcast cancel RUN
    """
    from postcast.cli.show_cluster import show_cancelled
    from postcast.cluster import slurm

    show_cancelled(slurm.cancel(run), run, as_json=json)
