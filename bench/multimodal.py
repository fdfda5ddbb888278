"""What each modality is worth where that is known: ``python -m bench.multimodal --out FILE.json``.

Posts of `bench.smpd`, in the SMP Challenge's layout, go through ``postcast run`` as they are, with
each modality drawn from another post, with all but one so, and with images missing. Rank
correlations stand beside those that the planted effects allow at most.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.machine import measured_on
from bench.smpd import MODALITIES, SHARES, make, write

MISSING = 0.3


def most_spearman(known: Sequence[str]) -> float:
    """Return the rank correlation with the label of the sum of some of its normal parts."""
    pearson = math.sqrt(sum(SHARES[one] for one in known))
    return 6 / math.pi * math.asin(pearson / 2)


def variants() -> dict[str, tuple[str, ...]]:
    """Return which modalities are unlinked, by the variant's name."""
    found: dict[str, tuple[str, ...]] = {"all": ()}
    found |= {f"without {one}": (one,) for one in MODALITIES}
    found |= {
        f"{one} alone": tuple(other for other in MODALITIES if other != one) for one in MODALITIES
    }
    return found


def measured(
    n_posts: int, unlinked: Sequence[str], options: Sequence[str], missing: float = 0.0
) -> dict[str, Any]:
    """Run one variant; return its Spearman's rho, MAE and seconds."""
    made = make(n_posts)
    for number, modality in enumerate(unlinked):
        made = made.unlinked(modality, number + 1)
    known = [one for one in SHARES if one not in (*unlinked, "chance")]
    with tempfile.TemporaryDirectory() as work:
        folder, run = Path(work) / "smpd", Path(work) / "RUN"
        write(made, folder, missing)
        command = [sys.executable, "-m", "postcast", "run", str(folder), "--out", str(run)]
        subprocess.run([*command, "--quiet", "--json", *options], check=True, capture_output=True)
        card = json.loads((run / "scorecard.json").read_text("utf-8"))
        about = json.loads((run / "run.json").read_text("utf-8"))
    return {
        "unlinked": list(unlinked),
        "missing_images": missing,
        "spearman": card["spearman"],
        "mae_log2": {k: None if v is None else v / math.log(2) for k, v in card["mae_log"].items()},
        "at_most": round(most_spearman(known), 4),
        "n_train": card["n_train"],
        "n_test": card["n_test"],
        "seconds": round(sum(stage["seconds"] for stage in about["stages"]), 1),
    }


def bars(rows: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what must hold of the variants, with whether it does."""
    best = max((f"{one} alone" for one in MODALITIES), key=lambda name: _value(rows[name]))
    planted = rows["all"]["at_most"] - rows[best]["at_most"]
    margin = rows["all"]["spearman"]["low"] - rows[best]["spearman"]["high"]
    found = [
        {
            "what": f"all modalities against {best}, Spearman's rho, interval against interval",
            "value": round(margin, 4),
            "planted": round(planted, 4),
            "must_reach": 0.0,
            "met": margin > 0,
        },
        {
            "what": f"the same difference, share of what was planted ({planted:.3f})",
            "value": round((_value(rows["all"]) - _value(rows[best])) / planted, 3),
            "must_reach": 0.8,
            "met": _value(rows["all"]) - _value(rows[best]) >= 0.8 * planted,
        },
    ]
    for one in MODALITIES:
        without = rows[f"without {one}"]
        planted = rows["all"]["at_most"] - without["at_most"]
        fell = _value(rows["all"]) - _value(without)
        found.append(
            {
                "what": f"fall without {one}, share of what was planted ({planted:.3f})",
                "value": round(fell / planted, 3),
                "must_reach": "0.7 to 1.3",
                "met": 0.7 <= fell / planted <= 1.3,
            }
        )
    fell = _value(rows["all"]) - _value(rows["30% of images missing"])
    allowed = MISSING * (_value(rows["all"]) - rows["without image"]["spearman"]["low"])
    found.append(
        {
            "what": "fall with 30% of images missing, against their share of the fall without any",
            "value": round(fell, 4),
            "must_reach": round(allowed, 4),
            "met": fell <= allowed,
        }
    )
    return found


def _value(row: dict[str, Any]) -> float:
    return float(row["spearman"]["value"])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.multimodal", description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--whole", type=int, default=50_000, help="Posts of one run of all.")
    parser.add_argument("--options", default="", help="Of postcast run, beside those of the bench.")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    options = ["--encoder", "tfidf", *chosen.options.split()]
    rows: dict[str, dict[str, Any]] = {}

    def add(name: str, n_posts: int, unlinked: Sequence[str], missing: float = 0.0) -> None:
        rows[name] = {"n_posts": n_posts, **measured(n_posts, unlinked, options, missing)}
        rho = rows[name]["spearman"]
        print(
            f"{name:<24} {n_posts:>7,} posts rho {rho['value']:.3f} "
            f"[{rho['low']:.3f}, {rho['high']:.3f}] at most {rows[name]['at_most']:.3f} "
            f"{rows[name]['seconds']:.0f} s",
            flush=True,
        )

    for name, unlinked in variants().items():
        add(name, chosen.posts, unlinked)
    add("30% of images missing", chosen.posts, (), MISSING)
    if chosen.whole:
        add("all, whole path", chosen.whole, ())
    result = {**measured_on(), "options": options, "shares": SHARES, "variants": rows}
    result["rows"] = bars(rows)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    for bar in result["rows"]:
        print("met    " if bar["met"] else "NOT MET", bar["value"], bar["must_reach"], bar["what"])


if __name__ == "__main__":
    main()
