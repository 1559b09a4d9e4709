"""What S becomes for a painting that will be mixed with carried ones.

The mean of several paintings of one scene has less fine texture than each, and of another kind: it is nearer to the
content than to the style. Painted a little more strongly, the mean comes out nearer to what a single painting would be.
How much more is learnt, for each value of S by itself, and is the same for all styles.
"""

import torch
from torch import Tensor, nn


class SteadyStyle(nn.Module):
    """S' = S + stability · (scale · S + shift); before training S itself."""

    def __init__(self, values: int):
        super().__init__()
        self.scale, self.shift = (nn.Parameter(torch.zeros(values)) for _ in range(2))

    def forward(self, style: Tensor, stability: Tensor) -> Tensor:
        """style [N,D] and stability [1], 0…1 → [N,D]; at 0 it is `style`, bit by bit."""
        return style + stability * (self.scale * style + self.shift)
