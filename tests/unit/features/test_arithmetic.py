"""What each precision is computed in, on any processor and on this one."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from postcast.features.text import PRECISIONS, Choice, encoder_from_state, load_encoder
from postcast.features.transformer.arithmetic import (
    ARITHMETICS,
    BFLOAT16,
    INT8,
    computes_again_in,
    computes_in,
    saved_in,
)
from postcast.features.transformer.convert import make_graph
from postcast.features.transformer.graph import compiled
from postcast.features.transformer.processor import arithmetic_here, capabilities
from postcast.precision import cost_of
from postcast.schema import Parts

PROCESSORS = {
    "AVX2": set(),
    "AVX-512 with VNNI": {INT8},
    "AVX-512 with VNNI and BF16": {INT8, BFLOAT16},
    "bfloat16 alone": {BFLOAT16},
}


@pytest.mark.parametrize(
    ("processor", "fast", "fastest"),
    [
        ("AVX2", "float32", "float32"),
        ("AVX-512 with VNNI", "float32", "int8-float32"),
        ("AVX-512 with VNNI and BF16", "bfloat16", "int8-bfloat16"),
        ("bfloat16 alone", "bfloat16", "bfloat16"),
    ],
)
def test_a_precision_takes_what_the_processor_has(processor, fast, fastest):
    has = PROCESSORS[processor]
    assert [computes_in(one, has) for one in PRECISIONS] == ["float32", fast, fastest]


@pytest.mark.parametrize("has", PROCESSORS.values(), ids=PROCESSORS)
@pytest.mark.parametrize("saved", ARITHMETICS)
def test_a_saved_graph_is_computed_in_nothing_that_the_processor_lacks(saved, has):
    again = computes_again_in(saved, has)
    assert again in ARITHMETICS
    assert again.startswith("int8") == saved.startswith("int8")  # the graph stays what it is
    assert BFLOAT16 in has or BFLOAT16 not in again
    assert INT8 in has or again in {"float32", "bfloat16", "int8-as-float32"}
    assert computes_again_in(again, has) == again


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("has", PROCESSORS.values(), ids=PROCESSORS)
def test_a_saved_graph_is_computed_as_before_on_the_same_processor(precision, has):
    arithmetic = computes_in(precision, has)
    assert computes_again_in(arithmetic, has) == arithmetic


def test_float32_stays_float32_where_more_is_to_be_had():
    assert computes_again_in("float32", {INT8, BFLOAT16}) == "float32"


def test_forecasters_saved_before_arithmetics_had_names_are_known():
    known = [saved_in({"precision": precision}) for precision in PRECISIONS]
    assert known == ["float32", "bfloat16", "int8-bfloat16"]
    assert saved_in({"precision": "fastest", "arithmetic": "float32"}) == "float32"


def test_this_processor_is_told_by_openvino_as_by_the_system():
    """Where the system tells, and OpenVINO is not restricted."""
    listed = Path("/proc/cpuinfo")
    flags = set(listed.read_text().split()) if listed.is_file() else set()
    if not flags or {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"} & os.environ.keys():
        pytest.skip("SKIPPED: /proc/cpuinfo is missing, or instruction sets are restricted")
    assert (BFLOAT16 in capabilities()) == bool(flags & {"avx512_bf16", "avx_ne_convert"})
    assert (INT8 in capabilities()) == bool(flags & {"avx512_vnni", "avx_vnni"})


@pytest.mark.parametrize("most", ["SSE41", "AVX2", "AVX512_CORE"])
def test_a_restriction_of_instruction_sets_is_obeyed(most):
    code = (
        "from postcast.features.transformer.processor import arithmetic_here\n"
        "print([arithmetic_here(one) for one in ('exact', 'fast', 'fastest')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"ONEDNN_MAX_CPU_ISA": most, "DNNL_MAX_CPU_ISA": most},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "['float32', 'float32', 'float32']\n"


@pytest.fixture(scope="module")
def folder(tiny_distilbert):
    return tiny_distilbert


def loaded(folder, precision, cache):
    return load_encoder(Choice(str(folder), device="cpu", precision=precision, cache=cache))


TEXTS = ["easy weeknight pasta", "a garden in may", "how to fold a paper crane", "pasta"]


def test_vectors_are_kept_under_what_they_were_computed_in(folder, tmp_path):
    encoders = {precision: loaded(folder, precision, tmp_path) for precision in PRECISIONS}
    for precision, encoder in encoders.items():
        assert encoder.arithmetic == arithmetic_here(precision)
        assert encoder.describe()["arithmetic"] == encoder.arithmetic
        assert encoder.key_on("cpu").split("-", 1)[1].startswith(encoder.arithmetic)
    different = {encoder.key_on("cpu") for encoder in encoders.values()}
    assert len(different) == len({encoder.arithmetic for encoder in encoders.values()})


def test_a_precision_that_the_processor_lacks_is_exact_and_says_so(folder, tmp_path):
    if arithmetic_here("fast") != "float32":
        pytest.skip("SKIPPED: this processor has bfloat16")
    exact, fast = (loaded(folder, one, tmp_path).computed(TEXTS) for one in ("exact", "fast"))
    np.testing.assert_array_equal(fast, exact)
    choice = Choice(str(folder), device="cpu", precision="fast", cache=tmp_path)
    cost = cost_of(choice, load_encoder(choice), TEXTS, np.arange(4) % 3, 0)
    assert cost is not None
    assert cost.to_dict() | {"macro_f1": None} == {
        "precision": "fast",
        "arithmetic": "float32",
        "n_posts": 0,
        "cosine_mean": 1.0,
        "cosine_min": 1.0,
        "macro_f1": None,
    }
    assert "computed in float32 here, as exact is" in str(cost)


@pytest.fixture(scope="module")
def quantised(folder, tmp_path_factory):
    """The files of a forecaster that was trained with int8, as a processor with VNNI does."""
    cache = tmp_path_factory.mktemp("int8-cache")
    home = tmp_path_factory.mktemp("int8")
    encoder = loaded(folder, "exact", cache)
    make_graph(folder, encoder.facts, "int8", home)
    facts = encoder.state().facts | {"precision": "fastest", "arithmetic": "int8-bfloat16"}
    return Parts(facts=facts, files={path.name: path for path in home.iterdir()}), encoder


def test_a_saved_int8_encoder_answers_on_a_processor_without_int8(quantised, caplog):
    parts, exact = quantised
    again = encoder_from_state(parts, "cpu")
    with caplog.at_level(logging.WARNING):
        vectors, expected = again.computed(TEXTS), exact.computed(TEXTS)
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(expected, axis=1)
    assert ((vectors * expected).sum(axis=1) / lengths).min() > 0.95
    assert again.state().facts["arithmetic"] == "int8-bfloat16"
    if INT8 not in capabilities():
        assert again.arithmetic == "int8-as-float32"
        assert "was trained with in int8-bfloat16 and computes in int8-as-float32" in caplog.text


def test_int8_without_its_instructions_gives_what_exact_int8_would(tmp_path, own_cache):
    """Sums that saturate in 16 bits; what is kept compiled computes as what was just compiled."""
    import openvino

    from postcast.features.transformer import processor

    product = processor._product_of_integers()
    openvino.save_model(product, tmp_path / "encoder.xml", compress_to_fp16=False)
    settings = ARITHMETICS["int8-as-float32"]
    inputs = np.full((8, 64), processor.LARGEST_INPUT, dtype=np.float32)
    for _ in range(2):
        request = compiled(tmp_path, settings, openvino).create_infer_request()
        sums = request.infer({0: inputs})[0]
        largest = 64.0 * processor.LARGEST_INPUT * processor.LARGEST_WEIGHT
        np.testing.assert_array_equal(sums, largest)
    assert list(own_cache.glob("compiled/*/compiled.blob"))
