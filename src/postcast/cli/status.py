"""``postcast status``: how far a submitted run is."""

from __future__ import annotations

import typer

from postcast.cli.options import Json, Run, takes_settings

STUCK = 1


@takes_settings()
def status(run: Run, *, json: Json = False) -> None:
    """Say how far a submitted run is: shards done, running, waiting, failed, missing.

    Files say what is done, the queue what is still worked on; what is neither has failed, or is
    missing where it was never begun. Exit code 1 where something is, for `resume` to take up.

    Example:

      postcast status RUN
    """
    from postcast.cli.show_cluster import show_status
    from postcast.cluster import status as cluster
    from postcast.cluster.folder import ClusterFolder

    found = cluster.status(ClusterFolder(run))
    show_status(found, run, as_json=json)
    if found.is_stuck:
        raise typer.Exit(STUCK)
