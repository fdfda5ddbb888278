"""How every picture looks, and how it becomes a file or a piece of a page.

Knows colours, type and file formats; not what any picture shows.
"""

from __future__ import annotations

import contextlib
import html
import io
import re
import textwrap
import unicodedata
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postcast.files import replacing, write_text
from postcast.schema import CLASSES
from postcast.wording import number_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

INK = "#22272e"
QUIET = "#6b7480"
RULE = "#d9dee3"

CLASS_COLOURS = ("#cfe3d6", "#5aa2ae", "#1d4468")
"""Low, medium, high: light to dark, so that they stay apart in grey and for any eye."""

OWN_COLOUR = CLASS_COLOURS[2]
BASELINE_COLOURS = ("#e6e9ec", "#c3cad1", "#98a3ae")
BASELINE_HATCHES = ("", "\\\\\\", "xxx")
CLASS_HATCHES = ("", "///", "")
CLASS_MARKERS = ("o", "^", "s")

_WIDTH, _HEIGHT = 5.6, 3.9  # inches; small, so that the type stays legible on a phone
_WIDTH_OF_TWO = 7.6
_TITLE_WIDTH = 56  # characters

_STYLE: dict[Any, Any] = {
    "axes.edgecolor": QUIET,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 10,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "postcast",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.bottom": False,
    "ytick.left": False,
}

_NO_METADATA: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Draw in postcast's style, whatever the user's own settings, and leave those as they were."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def blank(title: str, note: str = "", heights: tuple[int, ...] = (1,)) -> tuple[Figure, list[Axes]]:
    """Return a figure under its title and its axes, one below the other; call within `styled`.

    Parameters
    ----------
    title : str
        What is seen, in words; wrapped here.
    note : str
        For the lower right corner.
    heights : tuple of int
        Relative height of each axes.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
    figure.suptitle(
        textwrap.fill(title, _TITLE_WIDTH), x=0.02, ha="left", fontsize=11.5, fontweight="bold"
    )
    if note:
        figure.supxlabel(note, x=0.98, ha="right", fontsize=8.5, color=QUIET)
    stacked = figure.subplots(len(heights), 1, height_ratios=heights, sharex=True, squeeze=False)
    return figure, list(stacked[:, 0])


def panels(title: str, n_panels: int, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure under its title and small panels of one scale; call within `styled`.

    Parameters
    ----------
    title : str
        As `blank` takes it.
    n_panels : int
        Two stand side by side.
    height : float
        Of a panel, in inches.
    """
    from matplotlib.figure import Figure

    columns = min(n_panels, 2)
    rows = -(-n_panels // columns)
    width = _WIDTH if columns == 1 else _WIDTH_OF_TWO
    figure = Figure(figsize=(width, 0.9 + rows * height), layout="constrained")
    figure.suptitle(
        textwrap.fill(title, round(_TITLE_WIDTH * width / _WIDTH)),
        x=0.02,
        ha="left",
        fontsize=11.5,
        fontweight="bold",
    )
    drawn = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    axes = list(drawn.flat)
    for unused in axes[n_panels:]:
        unused.set_visible(False)
    if n_panels < len(axes):
        axes[n_panels - columns].tick_params(labelbottom=True)
    return figure, axes[:n_panels]


def legend_above(axes: Axes) -> Legend:
    """Put the legend between title and data, where it hides nothing."""
    handles, labels = axes.get_legend_handles_labels()
    return axes.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=len(labels) if len(labels) < 4 else 2,
        columnspacing=1.2,
        handlelength=1.6,
        borderaxespad=0.3,
    )


def class_look(code: int) -> dict[str, Any]:
    """Return how a bar of a class looks; hatched where grey alone would not tell it apart."""
    return {
        "color": CLASS_COLOURS[code],
        "hatch": CLASS_HATCHES[code],
        "edgecolor": INK,
        "linewidth": 0.6,
    }


def class_axes(axes: Axes, what: str, how_much: str) -> None:
    """Label axes that have a bar, or a group of bars, for each class."""
    axes.set_xticks(range(len(CLASSES)), CLASSES)
    axes.set_xlabel(what)
    axes.set_ylabel(how_much)
    axes.set_ylim(0, 1.12 * (axes.dataLim.y1 or 1))
    axes.locator_params(axis="y", integer=True)
    axes.yaxis.set_major_formatter(plain_number)


def plain_number(value: float, _position: float = 0) -> str:
    """Write a tick's number in full, thousands apart."""
    return number_in_words(value, 10)


def short_count(value: int) -> str:
    """Write a bar's number so that it fits on the bar."""
    return f"{value:,}" if value < 100_000 else f"{value / 1000:,.0f}k"


def title_of(figure: Figure) -> str:
    """Return the title, which says in words what is seen."""
    return " ".join(figure.get_suptitle().split())


def save(figure: Figure, name: str, folder: Path) -> str:
    """Write ``name.png`` (150 dots an inch) and ``name.svg`` into `folder`, each whole.

    Returns
    -------
    str
        The figure as `svg_text` gives it, told by its title.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    with styled(), replacing(folder / f"{name}.png") as temporary:
        figure.savefig(temporary, format="png", dpi=150, metadata={"Software": None})
    figure.set_layout_engine("none")  # laid out once: the same for every format
    element = svg_text(figure, title_of(figure))
    whole = element.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    write_text(folder / f"{name}.svg", f'<?xml version="1.0" encoding="utf-8"?>\n{whole}\n')
    return element


def svg_text(figure: Figure, description: str) -> str:
    """Return the figure as an ``<svg>`` element to stand within a page.

    It fills its container's width, asks for nothing from elsewhere, and its ids differ from
    those of any other figure.

    Parameters
    ----------
    figure : Figure
    description : str
        What a reader who cannot see it is told; escaped here.
    """
    buffer = io.StringIO()
    with styled():
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    drawn = buffer.getvalue()
    opening = re.search(r'<svg\b[^>]*?viewBox="([^"]+)"[^>]*>', drawn)
    if opening is None:
        raise ValueError("matplotlib wrote no <svg> element")
    body = drawn[opening.end() :]
    body = re.sub(r"\s*<defs>\s*<style\b.*?</style>\s*</defs>", "", body, count=1, flags=re.S)
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.S)
    body = re.sub(r"data:[^\"]+", lambda data: "".join(data[0].split()), body)
    body = _own_ids(body.replace("xlink:href=", "href="), sha256(drawn.encode()).hexdigest()[:8])
    told = html.escape(_printable(description))
    style = "stroke-linejoin:round;stroke-linecap:butt"
    return (
        f'<svg viewBox="{opening[1]}" role="img" aria-label="{told}" style="{style}">\n'
        f"<title>{told}</title>{body.strip()}"
    )


def _own_ids(body: str, prefix: str) -> str:
    """Give the ids that something refers to a prefix of their own, and drop the rest."""
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', body))

    def renamed(match: re.Match[str]) -> str:
        return f' id="{prefix}-{match[1]}"' if match[1] in used else ""

    body = re.sub(r' id="([^"]*)"', renamed, body)
    return re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}-", body)


def _printable(text: str) -> str:
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cc")
