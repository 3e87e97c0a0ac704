"""Settings come back from a file and from the command line, and wrong ones are named."""

import json
from dataclasses import asdict

import pytest

from mood_reference.configs import apply_settings, borrow_config, rebuild_config
from mood_reference.models.small_cevae import Config
from mood_reference.scans.calibration import Reducer
from mood_reference.scans.slices import SliceConfig


def test_a_config_survives_json() -> None:
    config = Config(maps=(1, 2, 3, 4), mirror_axis=0)
    assert rebuild_config(Config, json.loads(json.dumps(asdict(config)))) == config


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("side=32", "side", 32),
        ("smoothing=2", "smoothing", 2.0),
        ("mirror_axis=None", "mirror_axis", None),
        ("mirror_axis=1", "mirror_axis", 1),
        ("reducer=max", "reducer", Reducer.MAX),
        ("slice_reducer=mean", "slice_reducer", "mean"),
    ],
)
def test_a_setting_gets_the_type_of_its_field(setting: str, name: str, value: object) -> None:
    changed = getattr(apply_settings(SliceConfig(), [setting]), name)
    assert changed == value
    assert type(changed) is type(value)


def test_a_method_borrows_from_another_what_both_have() -> None:
    borrowed = borrow_config(SliceConfig, Config(smoothing=7.0, mirror_axis=1))
    assert borrowed == SliceConfig(smoothing=7.0, mirror_axis=1, reducer=Config().reducer)


def test_an_unknown_setting_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no setting 'sides'; there are: side=64, depth=64"):
        apply_settings(SliceConfig(), ["sides=3"])


def test_a_value_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(ValueError, match="setting side must be of type int, not 'wide'"):
        apply_settings(SliceConfig(), ["side=wide"])


def test_settings_that_a_file_has_and_the_method_does_not_are_named() -> None:
    with pytest.raises(ValueError, match="gone"):
        rebuild_config(SliceConfig, {"gone": 1})
