"""The steady style: what S becomes for paintings that will be mixed with carried ones.

The mean of several paintings of one scene has less fine texture than each of them, and is nearer to the content than to
the style. If each is painted a little more strongly, the mean comes out as a single painting would. How much more is
learnt for each value of S, and is the same for all styles.
"""

import torch
from torch import Tensor, nn


class SteadyStyle(nn.Module):
    """S' = S + stability · (scale · S + shift). Before training, scale and shift are 0, so S' = S."""

    def __init__(self, values: int):
        super().__init__()
        self.scale, self.shift = (nn.Parameter(torch.zeros(values)) for _ in range(2))

    def forward(self, style: Tensor, stability: Tensor) -> Tensor:
        """style [N,D] and stability [1], 0…1 → [N,D]; at 0 it is `style`, bit by bit."""
        return style + stability * (self.scale * style + self.shift)
