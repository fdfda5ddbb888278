"""Settings say what does not fit, and name the nearest of what does."""

import dataclasses

import pytest

from postcast.errors import SettingsError
from postcast.settings import Settings, field_type, read_config


def test_every_setting_has_help_and_a_default_that_fits():
    Settings()
    for one in dataclasses.fields(Settings):
        assert one.metadata["help"].endswith((".", "]")), one.name
        assert one.metadata["panel"]
        is_flag = type(one.default) is bool
        told = bool(one.metadata["allowed"]) + bool(one.metadata["metavar"]) + is_flag
        assert told == 1, one.name
        field_type(one)


def test_to_dict_and_back():
    chosen = Settings(text_col=("a", "b"), classes="fixed", thresholds=(3.0, 6.0), seed=7)
    assert chosen.to_dict()["text_col"] == ["a", "b"]
    assert Settings.from_mapping(chosen.to_dict()) == chosen


def test_plain_values_are_fitted():
    chosen = Settings.from_mapping({"text_col": "a", "thresholds": [3, 6], "maturity": 20})
    assert chosen.text_col == ("a",)
    assert chosen.thresholds == (3.0, 6.0)
    assert chosen.maturity == "20"


def test_thresholds_alone_mean_fixed_classes():
    assert Settings.from_mapping({"thresholds": [3, 6]}).classes == "fixed"
    assert Settings.from_mapping({"thresholds": []}).classes == "quantile"
    with pytest.raises(SettingsError, match="both or neither"):
        Settings.from_mapping({"thresholds": [3, 6], "classes": "quantile"})


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"encodr": "tfidf"}, "unknown setting 'encodr'.*did you mean 'encoder'"),
        ({"zzz": 1}, "unknown setting 'zzz'; expected one of text_col, [^;]*$"),
        ({"seed": True}, "seed = True; expected a whole number"),
        ({"seed": 2**32}, "seed 4294967296; expected a whole number from 0 to 4294967295"),
        ({"test_size": 0.9}, "test-size 0.9; expected a number between 0 and 0.9"),
        ({"coverage": float("nan")}, "coverage nan"),
        ({"text_col": [1]}, r"text_col = \[1\]; expected a list of texts"),
        ({"encoder": 1.5}, "encoder = 1.5; expected a text"),
        ({"split": "strat"}, "split 'strat'; expected one of auto, chronological"),
        ({"classifier": "linaer"}, "did you mean 'linear'"),
        ({"classes": "fixed"}, "give --classes fixed --thresholds 3,6"),
    ],
)
def test_what_does_not_fit(values, says):
    with pytest.raises(SettingsError, match=says):
        Settings.from_mapping(values)


def test_a_configuration_is_flat_toml(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('encoder = "tfidf"\nthresholds = [3, 6]\n', "utf-8")
    assert read_config(path) == {"encoder": "tfidf", "thresholds": [3, 6]}
    path.write_text("[learning]\nseed = 1\n")
    with pytest.raises(SettingsError, match=r"a table \[learning\]"):
        read_config(path)
    path.write_text("seed = 1\nseed = 2\n")
    with pytest.raises(SettingsError, match="is not TOML"):
        read_config(path)
    with pytest.raises(SettingsError, match="No such file"):
        read_config(tmp_path / "nowhere.toml")
