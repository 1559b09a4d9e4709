"""Where learning from statistics begins: at their principal components, each of variance 1.

Means and deviations of hundreds of channels differ in size by the hundred and say much the same; of whitened ones,
gradient descent learns everything equally fast. Only where P's convolutions stay as they are: small components are
enlarged a hundredfold, and so would be every change of what comes in.
"""

import torch
from torch import Tensor, nn

from impasto.models.predictor import Predictor
from impasto.train.progress import shown

LEAST = 0.01  # of the largest deviation: smaller ones count as this, so that no noise is blown up
ENOUGH = 512  # pictures: about as many as there are statistics


@torch.no_grad()
def begin_statistics(p: Predictor, pictures: Tensor) -> None:
    """Makes what P gathers of its statistics their components over pictures [N,3,h,w] in [0, 1]."""
    whiten(p.gather, torch.cat([p.summary(some)[1] for some in shown(pictures.split(16), "whitening P's statistics")]))


@torch.no_grad()
def whiten(layer: nn.Linear, values: Tensor) -> None:
    """Makes a linear layer give the first principal components of values [N,D], of mean 0 and variance 1 there.

    Components of values in units of their own deviations. Where there are fewer than the layer gives, the rest are 0.
    """
    x = values.double()
    mean, spread = x.mean(0), x.std(0).clamp_min(1e-3)
    _, size, rows = torch.linalg.svd((x - mean) / spread, full_matrices=False)
    k = min(len(layer.weight), len(rows))
    deviation = (size / len(x) ** 0.5)[:k]
    weight = torch.zeros_like(layer.weight, dtype=x.dtype)
    weight[:k] = rows[:k] / deviation.clamp_min(LEAST * deviation[0]).unsqueeze(1) / spread
    layer.weight.copy_(weight)
    layer.bias.copy_(-weight @ mean)
