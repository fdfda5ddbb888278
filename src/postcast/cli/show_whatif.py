"""What could be changed about a draft, on a terminal.

Knows how it is laid out; computes none of it.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from postcast.cli.show import WIDTH, forecast_lines, trust
from postcast.cli.terminal import FAINT, LOWERS, RAISES, effect_bar, open_console, plain
from postcast.wording import visible

if TYPE_CHECKING:
    from postcast.forecaster import Forecaster
    from postcast.whatif import WhatIf

HALF = 10


def show_what_if(forecaster: Forecaster, found: WhatIf) -> None:
    """Print where each alternative stands, and the changes that are sure, the largest first."""
    from rich.text import Text

    console = open_console()
    console.print(visible("\n".join(forecast_lines(forecaster, found.forecast))) + "\n")
    rows = [
        *(("alternative", one.effect, one.forecast, one.sentence) for one in found.alternatives),
        *((one.kind, one.effect, one.after, one.sentence) for one in found.changes),
    ]
    greatest = max((abs(effect) for _, effect, _, _ in rows), default=0.0)
    for kind, effect, forecast, sentence in rows:
        bar = effect_bar(effect, greatest, HALF)
        before, after = (
            f"{one.forecast} ({one.probabilities['high']:.0%} high)"
            for one in (found.forecast, forecast)
        )
        style = RAISES if effect > 0 else LOWERS
        line = Text.assemble(f"  {kind:<12}", bar, " ", (f"{before} → {after}", style))
        console.print(line)
        for part in textwrap.wrap(plain(sentence), WIDTH - 4, break_on_hyphens=False):
            console.print(Text(f"    {part}", style=FAINT))
        console.print()
    for sentence in (*found.sentences, trust(forecaster)):
        console.print(visible(textwrap.fill(sentence, WIDTH, break_on_hyphens=False)))
