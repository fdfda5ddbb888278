"""``postcast resume``: what of a submitted run is missing, submitted again."""

from __future__ import annotations

from postcast.cli.options import Json, Run, takes_settings


@takes_settings()
def resume(run: Run, *, json: Json = False) -> None:
    """Submit again what of a submitted run has failed or is missing, and what comes after it.

    Shards that are done stay as they are, and jobs that wait or run are left to it. The scripts
    are submitted as they stand: give a job more memory or time there first.

    Example:

      postcast resume RUN
    """
    from postcast.cli.show_cluster import show_resumed
    from postcast.cluster import slurm

    show_resumed(*slurm.resume(run), run, as_json=json)
