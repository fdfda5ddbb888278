"""What could be changed about a draft, on a terminal.

Knows how it is laid out; computes none of it.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from postcast.cli.show import WIDTH, forecast_lines, trust
from postcast.cli.terminal import FAINT, LOWERS, RAISES, effect_bar, open_console, plain

if TYPE_CHECKING:
    from postcast.forecaster import Forecaster
    from postcast.whatif import WhatIf

HALF = 10


def show_what_if(forecaster: Forecaster, found: WhatIf) -> None:
    """Print the changes that are sure, the largest first."""
    from rich.text import Text

    console = open_console()
    console.print("\n".join(forecast_lines(forecaster, found.forecast)) + "\n")
    greatest = max((abs(change.effect) for change in found.changes), default=0.0)
    for change in found.changes:
        bar = effect_bar(change.effect, greatest, HALF)
        before, after = (
            f"{one.forecast} ({one.probabilities['high']:.0%} high)"
            for one in (change.before, change.after)
        )
        style = RAISES if change.effect > 0 else LOWERS
        told = (f"{before} → {after}", style)
        line = Text.assemble(f"  {change.kind:<12}", bar, " ", told)
        console.print(line)
        for part in textwrap.wrap(plain(change.sentence), WIDTH - 4, break_on_hyphens=False):
            console.print(Text(f"    {part}", style=FAINT))
        console.print()
    for sentence in (*found.sentences, trust(forecaster)):
        console.print(textwrap.fill(sentence, WIDTH, break_on_hyphens=False))
