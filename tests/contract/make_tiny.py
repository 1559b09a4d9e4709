"""Exports the tiny model of the contract into `tests/contract/tiny`: `python tests/contract/make_tiny.py`.

To be run, and its result committed, when the format of models, the stabilizer or the exporter changes. The weights are
random: what the networks paint is noise, but it is the same noise everywhere.
"""

from pathlib import Path

import numpy as np
import torch

from impasto.export.graphs.exporter import export_model
from impasto.models.predictor import Predictor, PredictorSpec
from impasto.models.spec import TransformerSpec
from impasto.models.transformer import Transformer
from impasto.train.study.graph import add_study

FOLDER = Path(__file__).parent / "tiny"
SEED = 1  # with it the steady style, which is random too, paints noise no louder than the style itself


def networks() -> tuple[Predictor, Transformer]:
    """P and T with random weights."""
    torch.manual_seed(0)
    t = Transformer(TransformerSpec(channels=(4, 6, 8), blocks=1)).eval()
    torch.manual_seed(SEED)  # anew: how many numbers T has drawn depends on its motion network, which is trained
    spec = PredictorSpec(stem=4, stages=((1, 4, 1, 1), (2, 6, 1, 2)), last=16, bottleneck=8, statistics=6)
    p = Predictor(spec, t.layout).eval()
    torch.nn.init.normal_(p.heads.weight, std=0.5)
    torch.nn.init.normal_(p.correct.weight, std=0.05)
    torch.nn.init.normal_(t.steady_style.scale, std=0.1)
    torch.nn.init.normal_(t.steady_style.shift, std=0.1)
    return p, t


def main() -> None:
    torch.set_num_threads(1)
    p, t = networks()
    style = np.random.default_rng(5).normal(0.5, 1, t.layout.size)
    waves = {"title": "Waves", "artist": "made by code", "year": "2026", "style": style}
    model = export_model(p, t, FOLDER, name="tiny", revision="1", gallery={"waves": waves})
    model = add_study(model, pictures=1, side=32)
    print(f"{FOLDER}: {sum(file['bytes'] for file in model.files.values()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
