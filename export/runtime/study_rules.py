"""What the live page needs in order to study as `study.py` does: its numbers, in one place for both.

From outside: `study_rules`. They reach the page in its `config.json`, and its tests in `tests/contract/study.json`.
"""

from . import contents, study

LEAST_STEPS = 200  # about what a minute gives on two cores; a device that is slower takes longer
FRAMES = 24  # of a camera: more of one scene show little else


def study_rules() -> dict:
    """Numbers by name.

    seconds, least_steps: both are reached before a study ends by itself. weights_rate, style_rate, warmup, level,
    least: of `study.rate`. smooth, patience, restarts: of `study.one_step`. least_side, plain: of
    `study.check_painting`. brush_share: of `study.studied`. painting_side, energy_asked, tiles: of
    `study.painting_targets`. weights: what each term of the loss weighs. side, shift, still, noise, light, pool: of
    `contents`. frames: of a camera that are studied on.
    """
    halfway = 0.5  # between painting and photograph
    terms = [*study.TOWARDS_PHOTOGRAPH, *study.ALWAYS]
    return {
        "seconds": study.SECONDS,
        "least_steps": LEAST_STEPS,
        "weights_rate": study.WEIGHTS_RATE,
        "style_rate": study.STYLE_RATE,
        "warmup": study.WARMUP,
        "level": study.LEVEL,
        "least": study.LEAST,
        "smooth": study.SMOOTH,
        "patience": study.PATIENCE,
        "restarts": study.RESTARTS,
        "least_side": study.LEAST_SIDE,
        "plain": study.PLAIN,
        "painting_side": study.PAINTING_SIDE,
        "brush_share": study.BRUSH_SHARE,
        "energy_asked": study.ENERGY_ASKED,
        "tiles": study.TILES,
        "weights": {term: float(f"{w:.6g}") for term, w in zip(terms, study.weighed(terms, halfway), strict=True)},
        "side": contents.SIDE,
        "shift": contents.SHIFT,
        "still": contents.STILL,
        "noise": contents.NOISE,
        "light": contents.LIGHT,
        "pool": contents.POOL,
        "frames": FRAMES,
    }
