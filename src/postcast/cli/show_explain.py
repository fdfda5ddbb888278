"""An explanation on a terminal: the forecast, the draft with its words marked, parts, like posts.

Knows how it is laid out; computes none of it.
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from postcast.cli.show import WIDTH, forecast_lines, trust
from postcast.cli.terminal import (
    FAINT,
    LOWERS,
    RAISES,
    effect_bar,
    fitted,
    open_console,
    plain,
)
from postcast.wording import about_count, counted, number_in_words, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

    from postcast.explain import Explanation, Part
    from postcast.forecaster import Forecaster
    from postcast.schema import Post
    from postcast.why.similar import SimilarPost

HALF = 8
NAME = 30
MOST_PARTS = 12
"""Parts that are listed, those that are told apart from none."""

MOST_SIGNS = 1_200
"""Of a draft that are shown marked."""


def show_explanation(forecaster: Forecaster, post: Post, explanation: Explanation) -> None:
    """Print an explanation."""
    console = open_console()
    console.print(visible("\n".join(forecast_lines(forecaster, explanation.forecast))) + "\n")
    marked = _marked(post, explanation.parts)
    if marked.plain.strip():
        for line in marked.wrap(console, WIDTH - 2):
            line.rstrip()
            console.print("  ", line, sep="")
        console.print()
    _print_parts(console, explanation)
    _print_similar(console, explanation.similar)
    for sentence in (*explanation.sentences, trust(forecaster)):
        console.print(visible(textwrap.fill(sentence, WIDTH, break_on_hyphens=False)))


def _marked(post: Post, parts: Sequence[Part]) -> Text:
    """Return title and text, each word that is told apart with an arrow and in colour."""
    from rich.text import Text

    marked = Text()
    for field in ("title", "text"):
        whole = getattr(post, field) or ""
        words = [part for part in parts if part.field == field and part.is_told_apart]
        if not any(part.field == field for part in parts):
            continue
        place = 0
        for word in sorted(words, key=lambda part: part.start or 0):
            start, end = word.start or 0, word.end or 0
            if start >= MOST_SIGNS:
                break
            raises = word.factor > 1
            marked.append(_spaced(whole[place:start]))
            shown = plain(whole[start:end]) + ("↑" if raises else "↓")
            marked.append(shown, style=f"bold {RAISES if raises else LOWERS}")
            place = end
        rest = whole[place : max(place, MOST_SIGNS)]
        marked.append(_spaced(rest) + "…" * (len(whole) > place + len(rest)))
        marked.append("\n" if field == "title" else "")
    return marked


def _spaced(text: str) -> str:
    """Return what stands between two words, its outer spaces kept."""
    inner = plain(text)
    before = " " * (text[:1].isspace() and bool(inner))
    return f"{before}{inner}{' ' * text[-1:].isspace()}"


def _print_parts(console: Console, explanation: Explanation) -> None:
    from rich.text import Text

    base, now = explanation.base["high"], explanation.forecast.probabilities["high"]
    counts = [explanation.base_count, explanation.expected_count]
    less, more = ("" if one is None else f", {about_count(one)} expected" for one in counts)
    console.print(
        f"What moved it, from {base:.0%} high{less}, with none of it to {now:.0%}{more}:\n"
    )
    told = [part for part in explanation.parts if part.is_told_apart]
    greatest = max((abs(math.log(part.factor)) for part in told), default=0.0)
    if told:
        columns = f"  {'':{NAME}} {'':{2 * HALF + 1}} engagement           P(low)  P(high)"
        console.print(Text(columns, style=FAINT))
    for part in told[:MOST_PARTS]:
        bar = effect_bar(math.log(part.factor), greatest, HALF)
        between = f"[{part.low:.2f}, {part.high:.2f}]"
        moved = "  ".join(f"{part.effect[name]:>+7.1%}" for name in ("low", "high"))
        numbers = f" ×{part.factor:.2f} {between:<14} {moved}"
        console.print(Text.assemble(f"  {fitted(part.name, NAME)} ", bar, numbers))
    left = len(explanation.parts) - len(told[:MOST_PARTS])
    if not explanation.parts:
        console.print("  The draft has nothing that this forecaster reads.")
    elif left:
        also = "not told apart from no effect" if len(told) <= MOST_PARTS else "smaller"
        console.print(Text(f"  {counted(left, 'more part')}: {also}.", style=FAINT))
    console.print()


def _print_similar(console: Console, similar: Sequence[SimilarPost]) -> None:
    if not similar:
        return
    from rich.text import Text

    console.print("Past posts most like it, with what came of them:\n")
    for post in similar:
        count = number_in_words(post.engagement, 10)
        date = "" if post.time is None else post.time[:10]
        facts = f"  {date:<10} {count:>9} {post.popularity_class:<6}"
        who = fitted(post.author or "", 18)
        said = "" if post.text is None else fitted(post.text, WIDTH - 50).rstrip()
        line = Text.assemble(facts, f" {who} ", (said, FAINT))
        line.rstrip()
        console.print(line)
    console.print()
