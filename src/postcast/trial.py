"""Whether the parts of a saved forecaster fit one another: tried on a draft of nothing.

Each part was checked by itself when it was rebuilt. What is left is that one of them is wider
than another expects, which a draft without text and author shows at little cost: no encoder is
run for it, no neighbour looked for, and no author's posts compared.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from postcast.decide import decide
from postcast.features.assemble import assemble, drafts_of_posts
from postcast.forecaster import Forecaster
from postcast.models.base import answer_of
from postcast.schema import CLASSES, Post
from postcast.storage import explaining_reading


def check_fit(folder: Path, prefix: str, forecaster: Forecaster) -> None:
    """Refuse a forecaster of which two parts do not fit.

    Parameters
    ----------
    folder : Path
        Of the parts.
    prefix : str
        Of the forecaster's pieces in it.
    forecaster : Forecaster

    Raises
    ------
    ForecasterError
        It names the part that failed at what the others gave it.
    """
    bank = forecaster.bank
    with explaining_reading(folder / f"{prefix}bank"):
        if not prefix:  # baselines share the bank of a forecaster with another encoder
            _check_widths(forecaster)
        drafts = drafts_of_posts([Post()], bank)
        features = assemble(drafts.as_strangers(), forecaster.senses)
    with explaining_reading(folder / f"{prefix}classifier"):
        answer, shares = answer_of(forecaster.classifier, features)
        if answer.shape != (1, len(CLASSES)) or not np.isfinite(answer).all():
            raise ValueError(f"its answer is not {len(CLASSES)} finite numbers")
    with explaining_reading(folder / f"{prefix}decision"):
        probabilities = forecaster.calibration.apply(answer)
        decide([None], probabilities, forecaster.rule, [()])
    if forecaster.counts is not None:
        with explaining_reading(folder / f"{prefix}counts"):
            thresholds = forecaster.rule.thresholds
            probabilities, outlook = forecaster.counts.answer(probabilities, shares, thresholds)
            if not np.isfinite([outlook.expected, outlook.low, outlook.high]).all():
                raise ValueError("the count that it expects is no finite number")
            decided = decide([None], probabilities, forecaster.rule, [()], outlook)
            decided[0].to_dict()


def _check_widths(forecaster: Forecaster) -> None:
    """Refuse remembered vectors that are not as wide as the encoder's, or are by another kind.

    Raises
    ------
    ValueError
    """
    encoder, bank = forecaster.senses.encoders.get("text"), forecaster.bank
    if encoder is None:
        return
    width = encoder.encode([""]).shape[1]
    if bank.vectors is not None and bank.vectors.shape[1] != width:
        raise ValueError(f"vectors of {bank.vectors.shape[1]} columns, and texts of {width}")
    familiar = bank.familiar
    if forecaster.facts["encoder"] != familiar.encoder or familiar.least_cosine <= 0:
        return
    if familiar.width() > width:
        raise ValueError(f"landmarks of more than {width} columns")
    if not familiar.landmarks and not isinstance(bank.vectors, np.ndarray):
        raise ValueError("neither landmarks nor dense vectors")
