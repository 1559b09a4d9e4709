"""Settings of the training stages: typed dataclasses that OmegaConf merges with a YAML file and KEY=VALUE changes.

Every stage has a `Config` of its own, derived from the ones here, which repeats a setting only where its default
differs. Whatever comes from outside is checked here: names, types, and the bounds of every number.
"""

import difflib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException, ValidationError
from yaml import AliasEvent, YAMLError

from impasto.models.errors import BadInput

from .losses import LossWeights


@dataclass(frozen=True)
class StageConfig:
    """What every stage can be told. A YAML file or --set names only what differs."""

    size: int = 192  # px: side of the pictures that are learned from; VGG's cost is its area, strokes are a tenth of it
    photo_side: int = 256  # px: of the stored photographs, a third larger, so that crops and motion stay inside
    batch: int = 4  # pictures, pairs or sequences a step, over all processes together
    steps: int = 20_000  # ends here
    minutes: float = 0.0  # or here, if not 0
    rate: float = 5e-4  # learning rate
    warmup: int = 100  # steps in which the rate rises and Adam's estimates settle
    decay: str = "steps"  # what the rate falls along, half a cosine: steps, minutes, or none
    clip: float = 1.0  # norm of the gradient: a rare painting with a huge Gram matrix must not undo a hundred steps
    seed: int = 0
    save_every: int = 250  # steps between checkpoints and sample sheets
    save_minutes: float = 10.0  # and minutes between them, if not 0: on a CPU a step may take seconds


@dataclass(frozen=True)
class PaintingConfig(StageConfig):
    """What the stages that train P and T can be told besides."""

    style_size: int = 256  # px: of the paintings: what P was made for; VGG sees the same picture
    painting_side: int = 256  # px: of the stored paintings
    ema: float = 0.998  # share that the moving average of the weights keeps each step: over about 1 / (1 − ema) steps
    weights: LossWeights = field(default_factory=LossWeights)


class Bounds(NamedTuple):
    """What a number may be: finite, and from `low` to `high`, an end itself only where it is not `open`."""

    low: float
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def admit(self, value: float) -> bool:
        if isinstance(value, float) and not math.isfinite(value):
            return False
        above = value > self.low if self.low_open else value >= self.low
        return above and (value < self.high if self.high_open else value <= self.high)

    def __str__(self) -> str:
        low = f"{'more than' if self.low_open else 'at least'} {self.low:,g}"
        if self.high == math.inf:
            return f"{low} and finite"
        return f"{low} and {'less than' if self.high_open else 'at most'} {self.high:,.10g}"


SIDE = Bounds(16, 8192)  # px
COUNT = Bounds(1, 10**9)
SHARE = Bounds(0, 1)
WEIGHT = Bounds(0)  # of a loss; 0 leaves it out
RATE = Bounds(0)  # 0 freezes what it is the rate of; every setting whose name ends in "rate"
# Of every other number that a stage can be told, by its name, which means the same in all stages.
BOUNDS = {
    "size": SIDE,
    "style_size": SIDE,
    "photo_side": SIDE,
    "painting_side": SIDE,
    "clip_side": SIDE,
    "batch": Bounds(1, 65_536),
    "sharing": Bounds(1, 65_536),
    "contents": Bounds(1, 65_536),
    "steps": COUNT,
    "save_every": COUNT,
    "save_minutes": Bounds(0),
    "minutes": Bounds(0),
    "warmup": Bounds(0, 10**9),
    "clip": Bounds(0, low_open=True),
    "ema": Bounds(0, 1, high_open=True),
    "seed": Bounds(0, 2**32 - 1),
    "frozen": Bounds(0, 1000),
    "frames": Bounds(2, 1000),
    "clip_frames": Bounds(2, 1000),
    "still": Bounds(1, 1000),
    "noise": SHARE,
    "clip_share": SHARE,
    "weight_decay": Bounds(0, 1),
}
LIKENESS = 0.7  # of two names, 0 to 1, from which on one is taken for the other misspelt
YAML_BYTES = 1_000_000  # of a file of settings
DECAYS = ("steps", "minutes", "none")

C = TypeVar("C", bound=StageConfig)


def bounds_of(name: str) -> Bounds:
    """The bounds of a number by its name, "weights.texture" for one of a nested dataclass. KeyError: it has none."""
    if name.startswith("weights."):
        return WEIGHT
    return RATE if name.endswith("rate") else BOUNDS[name]


def settings(config: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting and its value, those of nested dataclasses as "weights.texture"."""
    for each in fields(config):
        value = getattr(config, each.name)
        if is_dataclass(value):
            yield from settings(value, f"{prefix}{each.name}.")
        else:
            yield prefix + each.name, value


def check(config: StageConfig) -> None:
    """BadInput: a number is not finite or out of its bounds, there is no such decay, or nothing would be trained."""
    values = dict(settings(config))
    for name, value in values.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and not bounds_of(name).admit(value):
            raise BadInput(f"{name}={value} is out of range: it must be {bounds_of(name)}.")
    if config.decay not in DECAYS or (config.decay == "minutes" and not config.minutes):
        raise BadInput(f"decay is steps, minutes (with --minutes) or none, not {config.decay!r}.")
    if not any(value for name, value in values.items() if name.endswith("rate")):
        raise BadInput("Nothing would be trained: every learning rate is 0.")
    if not any(value for name, value in values.items() if name.startswith("weights.")) and hasattr(config, "weights"):
        raise BadInput("Nothing would be trained: every loss has weight 0.")


def configured(
    config: C, file: Path | None = None, changes: list[str] | None = None, steps: int | None = None,
    minutes: float | None = None,
) -> C:  # fmt: skip
    """The settings with what a YAML file, then KEY=VALUE changes, then --steps and --minutes say.

    BadInput: the file cannot be read, a setting does not exist, a value is of the wrong kind or out of its bounds.
    """
    given = [_read_yaml(file)] if file else []
    given += [_parsed(change) for change in changes or ()]
    given += [OmegaConf.create({k: v}) for k, v in (("steps", steps), ("minutes", minutes)) if v is not None]
    for each in given:
        config = _merged(config, each)
    check(config)
    return config


def key_and_value(change: str) -> tuple[str, str]:
    """What stands before and after the first "=". BadInput: there is none, or nothing before it."""
    key, equals, value = change.partition("=")
    if not equals or not key.strip():
        raise BadInput(f"--set {change} is not KEY=VALUE.")
    return key.strip(), value.strip()


def _parsed(change: str) -> DictConfig:
    """One KEY=VALUE, the value read as YAML."""
    key, value = key_and_value(change)
    try:
        return OmegaConf.from_dotlist([f"{key}={value}"])
    except (YAMLError, OmegaConfBaseException, ValueError) as e:
        raise BadInput(f"--set {change} cannot be read: its value is not one that YAML knows.") from e


def _read_yaml(file: Path) -> DictConfig:
    """What a YAML file says, nested or as "weights.texture: 2"."""
    found = OmegaConf.create()
    if not file.is_file():
        raise BadInput(f"There is no file of settings {file}; check the name.")
    try:
        if file.stat().st_size > YAML_BYTES:
            raise BadInput(f"{file} does not hold settings: it has more than {YAML_BYTES:,} bytes.")
        if any(isinstance(event, AliasEvent) for event in yaml.parse(file.read_text("utf-8"), yaml.SafeLoader)):
            raise BadInput(f"{file} cannot be read as YAML of settings: they have no use for an alias (*name).")
        loaded = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
        for key, value in loaded.items() if isinstance(loaded, dict) else ():
            OmegaConf.update(found, str(key), value)
    except BadInput:
        raise
    except (OSError, YAMLError, OmegaConfBaseException, ValueError, TypeError, AttributeError, RecursionError) as e:
        mark = getattr(e, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise BadInput(f"{file} cannot be read as YAML ({type(e).__name__}{where}).") from e
    if not isinstance(loaded, dict):
        raise BadInput(f"{file} does not hold settings, one `key: value` a line.")
    return found


def _merged(config: C, given: DictConfig) -> C:
    """The settings with those given; BadInput names what does not exist or is of the wrong kind."""
    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(config), given))  # pyright: ignore[reportReturnType]
    except ConfigKeyError as e:
        raise BadInput(_no_such(str(e.full_key), config)) from e
    except (ValidationError, OmegaConfBaseException) as e:
        raise BadInput(_wrong_kind(str(e.full_key or ""), config, given)) from e


def _no_such(key: str, config: StageConfig) -> str:
    known = [name for name, _ in settings(config)]
    group, _, last = key.rpartition(".")
    inside = {name.removeprefix(f"{group}."): name for name in known if group and name.startswith(f"{group}.")}
    names = inside or {name: name for name in {*known, *(name.partition(".")[0] for name in known)}}
    near = difflib.get_close_matches(last if inside else key, names, 1, LIKENESS)
    rest = f"did you mean {names[near[0]]!r}?" if near else f"there are {', '.join(inside.values() or known)}."
    return f"There is no setting {key!r}; {rest}"


def _wrong_kind(key: str, config: StageConfig, given: DictConfig) -> str:
    """What is wrong with the value of `key`, which is "" where a nested dataclass was given something else."""
    nested = [each.name for each in fields(config) if is_dataclass(getattr(config, each.name))]
    if key in ("", *nested):
        name = key or next(name for name in nested if name in given)
        return f"{name} takes settings of its own, such as {name}.{fields(getattr(config, name))[0].name}=1."
    known, value = dict(settings(config)), OmegaConf.to_container(given, resolve=False)
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else value
    kind = {int: "a whole number", float: "a number", bool: "true or false"}.get(type(known.get(key)), "a word")
    return f"{key}={'' if value is None else value} is not {kind}."
