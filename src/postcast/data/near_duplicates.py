"""Groups of texts that are the same or nearly so: exact Jaccard of character 5-gram sets.

Knows texts only. The join is that of Chaudhuri et al. (2006) and Xiao et al. (2008): two
sets that overlap enough must share one of their few rarest grams.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    import numpy.typing as npt

    from postcast.schema import BoolArray, FloatArray, IntArray

GRAM = 5
"""Characters in a gram."""

_TOLERANCE = 1e-9
_GRAMS_AT_ONCE = 20_000_000
_MAX_CODE = 2**62
_AT_ONCE = 8_000_000
"""Entries of an array of grams that are worked on together."""
_WORDS = 4


def fold(text: str) -> str:
    """Return text casefolded, with each run of white space as one space."""
    return " ".join(text.casefold().split())


def fingerprint(text: str) -> bytes:
    """Return 16 bytes by which the same text, up to `fold`, is known again."""
    return hashlib.blake2b(fold(text).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def groups(texts: Sequence[str], threshold: float = 0.9) -> IntArray:
    """Give texts numbers so that same and nearly same ones share a number.

    Two texts are linked where the Jaccard index of their sets of character 5-grams, after
    `fold`, is at least `threshold`; texts of fewer than five characters only where they
    are equal. Groups are the connected components. A blank text stands alone.

    Parameters
    ----------
    texts : sequence of str, length n_texts
    threshold : float
        In (0, 1].

    Returns
    -------
    ndarray of int64, shape (n_texts,)
        Group numbers from 0, in order of first appearance.
    """
    folded = [fold(text) for text in texts]
    distinct = {text: number for number, text in enumerate(dict.fromkeys(folded))}
    components = _components(list(distinct), threshold)
    of_text = np.array([components[distinct[text]] for text in folded], dtype=np.int64)
    blank = np.array([not text for text in folded], dtype=bool)
    of_text[blank] = len(distinct) + np.arange(blank.sum())
    return _by_first_appearance(of_text)


def _by_first_appearance(labels: IntArray) -> IntArray:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _components(texts: list[str], threshold: float) -> IntArray:
    """Return the component of each distinct folded text, shape (n_texts,)."""
    document, gram = _gram_sets(texts)
    if not len(gram):
        return np.arange(len(texts))
    sizes = np.bincount(document, minlength=len(texts))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    sets = _GramSets(
        grams=sp.csr_matrix((np.ones(len(gram), np.int8), gram, starts)),
        sizes=sizes,
        parity=_parity(document, gram, len(texts)),
    )
    return _joined(sets, _prefixes(document, gram, sets.sizes, threshold), threshold)


def _gram_sets(texts: list[str]) -> tuple[IntArray, IntArray]:
    """Return distinct (text, gram) pairs, int32, by text, each text's rarest gram first."""
    owner = np.repeat(np.arange(len(texts), dtype=np.int32), [len(text) for text in texts])
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    starts = np.flatnonzero(owner[: max(len(owner) - GRAM + 1, 0)] == owner[GRAM - 1 :])
    gram = _gram_codes(points, starts)
    n_grams = int(gram.max(initial=0)) + 1
    pairs = owner[starts].astype(np.int64)
    del owner, points, starts
    pairs *= n_grams
    pairs += gram
    document, gram = _parted(_distinct(pairs), n_grams)
    rarity = np.empty(n_grams, dtype=np.int32)
    rarity[np.argsort(np.bincount(gram, minlength=n_grams), kind="stable")] = np.arange(n_grams)
    pairs = document.astype(np.int64)
    pairs *= n_grams
    pairs += rarity[gram]
    pairs.sort()
    return _parted(pairs, n_grams)


def _parted(pairs: IntArray, n_grams: int) -> tuple[IntArray, IntArray]:
    """Return the text and the gram of pairs that are numbers, int32."""
    document, gram = np.empty(len(pairs), np.int32), np.empty(len(pairs), np.int32)
    for some in _stretches(len(pairs)):
        document[some], gram[some] = np.divmod(pairs[some], n_grams)
    return document, gram


def _stretches(length: int) -> list[slice]:
    """Return slices that part a long array, so that what is computed of it need not be as long."""
    return [slice(start, start + _AT_ONCE) for start in range(0, length, _AT_ONCE)]


def _gram_codes(points: npt.NDArray[np.uint32], starts: IntArray) -> IntArray:
    """Give the grams at `starts` numbers from 0, equal ones and no others the same."""
    alphabet = np.cumsum(np.bincount(points, minlength=1) > 0)
    letters, base = (alphabet - 1).astype(np.int32)[points], int(alphabet[-1])
    codes, n_codes = letters[starts].astype(np.int64), base
    for step in range(1, GRAM):
        if n_codes * base > _MAX_CODE:
            codes = _renumbered(codes, n_codes).astype(np.int64)
            n_codes = int(codes.max(initial=0)) + 1
        codes *= base
        for some in _stretches(len(codes)):
            codes[some] += letters[starts[some] + step]
        n_codes *= base
    return _renumbered(codes, n_codes)


def _renumbered(codes: IntArray, n_codes: int) -> IntArray:
    """Return codes below `n_codes` as numbers from 0 without gaps, in their order, int32."""
    found = np.empty(len(codes), dtype=np.int32)
    if n_codes <= 4 * len(codes) + 2**20:
        numbers = np.cumsum(np.bincount(codes, minlength=1) > 0, dtype=np.int32) - np.int32(1)
        for some in _stretches(len(codes)):
            found[some] = numbers[codes[some]]
        return found
    distinct = _distinct(codes.copy())
    for some in _stretches(len(codes)):
        found[some] = np.searchsorted(distinct, codes[some])
    return found


def _distinct(values: IntArray) -> IntArray:
    """Return the distinct values, ascending, and sort the values themselves.

    `numpy.unique` hashes, which is slower here, and copies.
    """
    values.sort()
    return values[np.append(True, values[1:] != values[:-1])] if len(values) else values


@dataclass(frozen=True)
class _GramSets:
    """Each text's set of grams, its size, and the parity of how many grams fall on each bit.

    `grams` is binary, shape (n_texts, n_grams); `parity` is uint64, shape (n_texts, 4): two
    sets differ in at least as many grams as their parities in bits (Sandes et al., 2020).
    """

    grams: sp.csr_matrix
    sizes: IntArray
    parity: npt.NDArray[np.uint64]


def _parity(document: IntArray, gram: IntArray, n_texts: int) -> npt.NDArray[np.uint64]:
    words = np.zeros((n_texts, _WORDS), dtype=np.uint64)
    for some in _stretches(len(gram)):
        word, bit = np.divmod(gram[some] % (64 * _WORDS), 64)
        np.bitwise_xor.at(words, (document[some], word), np.uint64(1) << bit.astype(np.uint64))
    return words


@dataclass(frozen=True)
class _Postings:
    """Texts by the rare grams that each holds; within a gram from small set to large.

    One entry a (gram, text), shape (n_entries,): `text`; `rest`, how many of the text's
    grams are no rarer; and `end`, the position behind the last entry of the gram.
    """

    text: IntArray
    rest: IntArray
    end: IntArray


def _prefixes(document: IntArray, gram: IntArray, sizes: IntArray, threshold: float) -> _Postings:
    """Keep each text's rarest grams, so many that two linked texts must share one of them."""
    length = sizes - np.ceil(threshold * sizes - _TOLERANCE).astype(np.int64) + 1
    first = np.cumsum(sizes) - sizes
    found = []
    for some in _stretches(len(document)):
        owner = document[some]
        place = np.arange(some.start, some.start + len(owner)) - first[owner]
        found.append(some.start + np.flatnonzero(place < length[owner]))
    kept = np.concatenate(found)
    kept = kept[np.lexsort((document[kept], sizes[document[kept]], gram[kept]))]
    document, gram = document[kept], gram[kept]
    rest = sizes[document] - (kept - first[document])
    return _Postings(document, rest, np.searchsorted(gram, gram, side="right"))


def _joined(sets: _GramSets, postings: _Postings, threshold: float) -> IntArray:
    """Link each entry with those 1, 2, 3, … places behind it, until nothing can change.

    Merging what is linked at every doubling of the distance, and dropping entries behind
    which all is one component, keeps many copies of one text from costing their square.
    """
    labels: IntArray = np.arange(len(sets.sizes))
    links: list[IntArray] = []
    source: IntArray = np.arange(len(postings.text))
    distance, merge_at = 1, 1
    while len(source):
        source = source[source + distance < postings.end[source]]
        one, other = postings.text[source], postings.text[source + distance]
        close = sets.sizes[one] >= threshold * sets.sizes[other] - _TOLERANCE
        apart = close & (labels[one] != labels[other])
        rest = np.minimum(postings.rest[source], postings.rest[source + distance])
        apart &= rest >= _least_overlap(sets, one, other, threshold)
        links.append(_linked(sets, one[apart], other[apart], threshold))
        source = source[close]
        if distance == merge_at:
            labels = _merged(labels, links)
            source = source[_can_still_link(labels, postings, source)]
            links, merge_at = [], merge_at * 2
        distance += 1
    return _merged(labels, links)


def _linked(sets: _GramSets, one: IntArray, other: IntArray, threshold: float) -> IntArray:
    """Return the candidate pairs whose Jaccard index is high enough, shape (n_pairs, 2)."""
    likely = _may_link(sets, one, other, threshold)
    n_texts = len(sets.sizes)
    pairs = one[likely].astype(np.int64) * n_texts + other[likely]
    left, right = np.divmod(_distinct(pairs), n_texts)
    cuts = np.flatnonzero(np.diff(np.cumsum(sets.sizes[left]) // _GRAMS_AT_ONCE)) + 1
    shared = [
        np.asarray(sets.grams[a].multiply(sets.grams[b]).sum(axis=1)).ravel()
        for a, b in zip(np.split(left, cuts), np.split(right, cuts), strict=True)
    ]
    overlap = np.concatenate(shared)
    union = sets.sizes[left] + sets.sizes[right] - overlap
    linked = overlap >= threshold * union - _TOLERANCE
    return np.column_stack([left[linked], right[linked]])


def _may_link(sets: _GramSets, one: IntArray, other: IntArray, threshold: float) -> BoolArray:
    """Rule out pairs whose parities differ in more places than linked sets can."""
    differing = np.bitwise_count(sets.parity[one] ^ sets.parity[other]).sum(axis=1)
    overlap = _least_overlap(sets, one, other, threshold)
    return np.asarray(differing <= sets.sizes[one] + sets.sizes[other] - 2 * overlap)


def _least_overlap(sets: _GramSets, one: IntArray, other: IntArray, threshold: float) -> FloatArray:
    """Return how many grams linked sets of such sizes share at least."""
    least = threshold / (1 + threshold) * (sets.sizes[one] + sets.sizes[other])
    return np.asarray(least - _TOLERANCE)


def _merged(labels: IntArray, links: list[IntArray]) -> IntArray:
    pairs = labels[np.concatenate(links)] if links else np.empty((0, 2), np.int64)
    if not len(pairs):
        return labels
    graph = sp.coo_matrix((np.ones(len(pairs)), pairs.T), shape=(len(labels), len(labels)))
    _, component = connected_components(graph, directed=False)
    return np.asarray(component[labels], dtype=np.int64)


def _can_still_link(labels: IntArray, postings: _Postings, source: IntArray) -> BoolArray:
    """Tell which entries have a text of another component behind them in their gram."""
    label = labels[postings.text]
    position = np.arange(len(label))
    differs = np.append(label[1:] != label[:-1], [True])
    next_change = np.minimum.accumulate(np.where(differs, position, len(label))[::-1])[::-1]
    return next_change[source] + 1 < postings.end[source]
