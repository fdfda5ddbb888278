"""``postcast predict``: forecasts for drafts, in a file or in words."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postcast.cli.bulk import Bulk, Engine, Jobs, Sbatch, Shards, predict_in_bulk
from postcast.cli.draft import (
    Author,
    Category,
    DraftWords,
    Image,
    Independent,
    Tags,
    Text,
    Time,
    Title,
    prepared,
)
from postcast.cli.options import READ, Json, Run, numbers, takes_settings
from postcast.cli.terminal import as_json_text, say_csv, say_json, say_line
from postcast.errors import SettingsError
from postcast.wording import agreeing, counted

if TYPE_CHECKING:
    from postcast.cluster.forecasts import Progress
    from postcast.forecaster import Forecaster
    from postcast.schema import Forecast
    from postcast.settings import Settings


log = logging.getLogger(__name__)

LAYOUTS = ("csv", "smp")


@takes_settings(READ, names=("device", "raw_csv"))
def predict(
    run: Run,
    posts: Annotated[
        Path | None,
        typer.Argument(
            metavar="POSTS", help="Drafts in a file; - is standard input.", show_default=False
        ),
    ] = None,
    *,
    text: Text = None,
    title: Title = None,
    author: Author = None,
    time: Time = None,
    image: Image = None,
    tags: Tags = None,
    category: Category = None,
    thresholds: Annotated[
        str | None,
        typer.Option(
            "--thresholds",
            metavar="M,H",
            help="Where medium and high begin, if elsewhere than in the training (of classifiers "
            "that know counts).",
            show_default=False,
        ),
    ] = None,
    layout: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="csv|smp",
            help="csv, or smp: the JSON that the SMP Challenge takes. \\[default: csv]",
            show_default=False,
        ),
    ] = "csv",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="File to write.", show_default=False),
    ] = None,
    engine: Engine = None,
    shards: Shards = None,
    jobs: Jobs = None,
    independent: Independent = False,
    sbatch: Sbatch = None,
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Forecast drafts: how popular each will be, and how sure that is.

    Every row of a file gets a forecast, in its order, as CSV on standard output or in --out:
    id, author, forecast, p_low, p_medium, p_high, set, too_close, warnings, and from a
    forecaster that knows counts expected_count, count_low and count_high. Columns are those of
    the training unless others are given. --jobs and --shards divide a large file over several
    processes; the forecasts are the same.

    Examples
    --------
      postcast predict RUN --text "Easy weeknight pasta" --author studio-fern

      postcast predict RUN drafts.csv --out forecasts.csv

      postcast predict RUN drafts.csv --out forecasts.csv --jobs 2
    """
    from postcast.cli.show import show_forecast
    from postcast.saved import load
    from postcast.settings import Settings

    draft = DraftWords(text, title, author, time, image, tags, category)
    is_draft = draft.is_given
    _check_source(posts, is_draft=is_draft)
    _check_layout(layout, is_draft=is_draft, as_json=json)
    settings, bulk = Settings.from_mapping(given), Bulk(engine, shards, jobs, sbatch)
    moved = None if thresholds is None else tuple(numbers(thresholds))
    whole = bulk.check(posts, out, as_csv=layout == "csv" and not json)
    forecaster = load(run, device=settings.device)
    if moved is not None:
        forecaster = forecaster.moved(moved)
    if whole is not None:
        told = predict_in_bulk(bulk, forecaster, (run, moved, independent), whole, settings)
        if isinstance(told, int):
            _say_written(told, whole.out)
        else:
            _say_submitted(told, whole.out)
        return
    if posts is not None:
        answers, authors = _of_file(forecaster, posts, settings, independent=independent)
    else:
        answers, authors = [forecaster.predict(draft.post(forecaster, settings))], [author]
    if layout == "smp":
        _submit(forecaster, answers, out)
        return
    if out is not None:
        from postcast.runs.results import write_forecasts

        write_forecasts(out, answers, authors, raw_csv=settings.raw_csv)
    if json:
        plain = [answer.to_dict() for answer in answers]
        say_json(plain[0] if is_draft else plain)
    elif out is not None:
        _say_written(len(answers), out)
    elif is_draft:
        show_forecast(forecaster, answers[0])
    else:
        from postcast.runs.results import forecasts_csv

        say_csv(forecasts_csv(answers, authors, raw_csv=settings.raw_csv))


def _check_source(posts: Path | None, *, is_draft: bool) -> None:
    if is_draft == (posts is not None):
        raise SettingsError(
            "both POSTS and a draft's words" if is_draft else "neither POSTS nor --text",
            "one of them",
            "give a file, or --text with --title, --author and --time",
        )


def _check_layout(layout: str, *, is_draft: bool, as_json: bool) -> None:
    if layout not in LAYOUTS:
        raise SettingsError(f"format {layout!r}", f"one of {', '.join(LAYOUTS)}")
    if layout == "smp" and (is_draft or as_json):
        found = "one draft" if is_draft else "--json"
        raise SettingsError(f"--format smp with {found}", "a file of posts, and no --json")


def _submit(forecaster: Forecaster, answers: list[Forecast], out: Path | None) -> None:
    """Write forecasts as the SMP Challenge takes them, or print them."""
    from postcast.runs.submission import submission

    encoder = forecaster.facts["encoder"]
    learned_elsewhere = "" if encoder in ("none", "tfidf") else f"pretrained encoder {encoder}"
    told = submission(answers, learned_elsewhere)
    if out is None:
        say_json(told)
        return
    from postcast.files import write_text

    write_text(out, as_json_text(told) + "\n")
    _say_written(len(answers), out)


def _say_written(n_forecasts: int, out: Path) -> None:
    say_line(f"{counted(n_forecasts, 'forecast')}: {out}")


def _say_submitted(found: Progress, out: Path) -> None:
    verb = "Submitted as" if found.is_new else "In the queue:"
    jobs = f"{agreeing(len(found.jobs), 'job')} {', '.join(found.jobs)}"
    are = agreeing(found.done, "is", "are")
    say_line(f"{verb} {jobs}; {found.done:,} of {counted(found.shards, 'shard')} {are} done")
    say_line(f"{out} is written once all are; the same command says how far it is")


def _of_file(
    forecaster: Forecaster, posts: Path, settings: Settings, *, independent: bool
) -> tuple[list[Forecast], list[str | None]]:
    """Forecast every row of a file."""
    from postcast.features.assemble import drafts_of_table
    from postcast.reading import image_root, read_drafts

    table = read_drafts(posts, settings, forecaster)
    drafts = drafts_of_table(table, image_root(settings, posts))
    drafts = prepared(drafts, independent=independent)
    answers = forecaster.forecast(drafts)
    if forecaster.senses.images is not None:
        from postcast.features.images.tally import Tally

        log.info("%s", Tally.of(forecaster.senses.images, drafts.image_paths))
    return answers, list(drafts.authors)
