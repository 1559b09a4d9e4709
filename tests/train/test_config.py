"""Settings: merged from a file and changes, and every one of every stage checked against what it may be."""

import math
from dataclasses import asdict, replace

import pytest

from impasto.models.errors import BadInput
from impasto.train import config, recipe, sweep
from impasto.train.config import check, configured
from impasto.train.stages import distil, distil_predictor, image, motion, predictor, steady, steady_style, video

STAGES = (image, predictor, video, steady, steady_style, distil, distil_predictor, motion)
# Every setting there is, once: a name means the same in all stages.
SETTINGS = list({name: (stage, name, v) for stage in STAGES for name, v in config.settings(stage.Config())}.values())
NUMBERS = [each for each in SETTINGS if type(each[2]) in (int, float)]


def ids(cases):
    return [f"{stage.__name__.rpartition('.')[2]}.{name}" for stage, name, _ in cases]


def said(call, *given, **more):
    """The sentence of a BadInput."""
    with pytest.raises(BadInput) as caught:
        call(*given, **more)
    text = str(caught.value)
    assert text.endswith((".", "?"))
    assert "\n" not in text
    return text


@pytest.mark.parametrize("stage", STAGES)
def test_defaults_are_within_their_own_bounds(stage):
    assert configured(stage.Config()) == stage.Config()


@pytest.mark.parametrize(("stage", "name", "default"), NUMBERS, ids=ids(NUMBERS))
def test_no_number_leaves_its_bounds(stage, name, default):
    bounds = config.bounds_of(name)
    kind = type(default)
    outside = [".nan", ".inf", "-.inf", "-1", repr(kind(bounds.low) - kind(1))]
    outside += [str(kind(bounds.low))] if bounds.low_open else []
    if bounds.high < math.inf:
        outside += [repr(kind(bounds.high) + kind(1))] + ([str(kind(bounds.high))] if bounds.high_open else [])
    for value in outside:
        text = said(configured, stage.Config(), changes=[f"{name}={value}"])
        assert text.startswith(f"{name}=")
        assert "out of range" in text or (kind is int and "whole number" in text)
    for value in ("fast", "true", "", "[1]", "{a: 1}", "${nothing}"):
        text = said(configured, stage.Config(), changes=[f"{name}={value}"])
        assert name in text
        assert "whole number" in text if kind is int else "a number" in text


@pytest.mark.parametrize(("stage", "name", "default"), NUMBERS, ids=ids(NUMBERS))
def test_both_ends_of_its_bounds_are_taken(stage, name, default):
    bounds, kind = config.bounds_of(name), type(default)
    inside = [] if bounds.low_open else [kind(bounds.low)]
    inside += [kind(bounds.high)] if bounds.high < math.inf and not bounds.high_open else []
    for value in inside:
        if name in ("rate", "weights.unexplained") and not value:  # the only ones of their stages may not be 0
            assert "Nothing would be trained" in said(configured, stage.Config(), changes=[f"{name}=0"])
            continue
        found = dict(config.settings(configured(stage.Config(), changes=[f"{name}={value}"])))[name]
        assert (found, type(found)) == (value, kind)


@pytest.mark.parametrize(("stage", "name", "default"), SETTINGS, ids=ids(SETTINGS))
def test_a_misspelt_name_is_answered_with_the_right_one(stage, name, default):
    text = said(configured, stage.Config(), changes=[f"{name}x=1"])
    assert f"There is no setting '{name}x'; did you mean '{name}'?" == text


def test_a_misspelt_group_is_answered_too():
    assert said(configured, image.Config(), changes=["weigths.tv=1"]).endswith("did you mean 'weights'?")
    assert said(configured, image.Config(), changes=["weights.stile=1"]).startswith(
        "There is no setting 'weights.stile'; there are weights.texture, weights.energy,"
    )


def test_a_setting_like_no_other_is_answered_with_all():
    text = said(configured, motion.Config(), changes=["qqq=1"])
    assert text.startswith("There is no setting 'qqq'; there are size, photo_side,")


def test_yaml_and_set_hold_only_differences(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("rate: 1e-3\nbatch: 8\nweights:\n  texture: 2\nweights.tv: 0.25\n")
    changed = configured(image.Config(), file, ["weights.content=0.3", "batch=16"], None, 2.5)
    differ = {k for k, v in asdict(changed).items() if v != asdict(image.Config())[k]}
    assert differ == {"rate", "batch", "weights", "minutes"}
    assert (changed.rate, changed.batch, changed.minutes) == (1e-3, 16, 2.5)
    assert (changed.weights.texture, changed.weights.content, changed.weights.tv) == (2.0, 0.3, 0.25)
    assert type(changed) is image.Config


@pytest.mark.parametrize(("text", "whole"), [("whole: true", True), ("whole: false", False), ("whole: 'True'", True)])
def test_yes_and_no_are_read_from_yaml(text, whole, tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text(text)
    assert configured(video.Config(), file).whole is whole


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("speed: 3", "no setting 'speed'"),
        ("1: 3", "no setting '1'"),
        ("weights: {beauty: 1}", "no setting 'weights.beauty'"),
        ("weights: 3", "settings of its own"),
        ("weights:", "settings of its own"),
        ("weights: [1, 2]", "settings of its own"),
        ("weights: {texture: .nan}", "weights.texture=nan is out of range"),
        ("batch: 1.5", "not a whole number"),
        ("rate: fast", "not a number"),
        ("rate:", "rate= is not a number"),
        ("whole: perhaps", "not true or false"),
        ("decay: [1]", "not a word"),
        ("decay: sometimes", "decay is steps, minutes"),
        ("decay: minutes", "decay is steps, minutes"),
        ("{rate: 0, predictor_rate: 0}", "every learning rate is 0"),
        ("- rate", "does not hold settings"),
        ("rate: 1\nbatch: [", r"cannot be read as YAML \(ParserError in line \d\)"),
        ("rate: 1\nrate: 2", "cannot be read as YAML"),
        ("\0", "cannot be read as YAML"),
        ("[" * 5000, "cannot be read as YAML"),
        ("&a [*a]", "does not hold settings|cannot be read as YAML"),
    ],
)
def test_wrong_yaml_is_refused(text, says, tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(BadInput, match=says):
        configured(video.Config(), file)


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path):
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe\x00rate")
    assert "cannot be read as YAML" in said(configured, image.Config(), tmp_path / "c.yaml")
    for file in (tmp_path / "none.yaml", tmp_path):
        assert said(configured, image.Config(), file) == f"There is no file of settings {file}; check the name."


@pytest.mark.parametrize("change", ["rate", "=3", "", "rate 3"])
def test_a_change_is_key_and_value(change):
    assert "is not KEY=VALUE" in said(configured, image.Config(), changes=[change])


def test_without_any_loss_nothing_is_trained():
    changes = [f"{name}=0" for name, _ in config.settings(distil.Config()) if name.startswith("weights.")]
    assert "every loss has weight 0" in said(configured, distil.Config(), changes=changes)


def test_settings_written_in_code_are_checked_too():
    assert "ema=nan is out of range" in said(check, replace(image.Config(), ema=math.nan))
    for settings in (sweep.SETTINGS, *recipe.plan(10, "scratch", [], dry_run=False).values()):
        check(settings)


def test_settings_that_refer_to_themselves_or_have_no_end_are_refused(tmp_path):
    lines = ["a0: &a0 [1]", *(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9))]
    for text, words in (("\n".join(lines), "no use for an alias"), ("#" * 1_000_001, "more than 1,000,000 bytes")):
        (tmp_path / "c.yaml").write_text(text)
        with pytest.raises(BadInput, match=words):
            configured(image.Config(), tmp_path / "c.yaml")
