"""``postcast predict-shard``: the worker that forecasts the drafts of some shards."""

from __future__ import annotations

import dataclasses
from typing import Any

from postcast.cli.embed_shard import Index, ManifestPath, Of
from postcast.cli.options import Json, takes_settings


@takes_settings(names=("device",))
def predict_shard(
    *,
    manifest: ManifestPath,
    index: Index,
    of: Of = None,
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Forecast the drafts of one shard, or of every TASKS-th.

    `postcast predict --shards` divides the drafts, starts such workers and puts their forecasts
    together. A result that is there and whole is left as it is; several workers may do the same
    shard at once.

    Example:

      postcast predict-shard --manifest forecasts.csv.shards/manifest.json --index 3
    """
    from postcast.cli.show import show_facts
    from postcast.settings import Settings
    from postcast.shards.manifest import read_manifest
    from postcast.shards.predict import forecast_shards

    found = read_manifest(manifest)
    done = forecast_shards(found, found.stride(index, of), Settings.from_mapping(given).device)
    show_facts(dataclasses.asdict(done), as_json=json)
