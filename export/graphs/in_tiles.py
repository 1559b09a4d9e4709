"""`frame_tiles.onnx`: T for OpenVINO on processors that multiply tiles of bfloat16 (Intel AMX).

The same as `frame.onnx`, in float32 as it stands; OpenVINO rounds weights and features when it runs it. There
convolutions take a third of the time and whatever rearranges features takes the rest, so everything that spares
`frame.onnx` multiplications is left out: Winograd's sums, which would be rounded, too, and kernels for quads. The last
normalisation and the sigmoid come before depth-to-space: OpenVINO works on many channels at once, and takes ten times
as long on a picture's 3.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from impasto.models.transformer import Transformer, as_far_as_seen


class FrameInTilesGraph(nn.Module):
    """frame [1,3,H,W] in [0, 1], style [1,D] → painted [1,3,H,W] in [0, 1]."""

    def __init__(self, t: Transformer):
        super().__init__()
        self.network = copy.deepcopy(t).eval()

    def forward(self, frame: Tensor, style: Tensor) -> Tensor:
        t = self.network
        z, gamma, beta = t.before_last_norm(t.encode(frame), as_far_as_seen(style, frame, t.layout))
        z = torch.sigmoid(norm_of_groups(z, gamma, beta, t.spec.epsilon))
        return F.pixel_shuffle(z, t.spec.stem_stride) if t.spec.stem_stride > 1 else z


def norm_of_groups(z: Tensor, gamma: Tensor, beta: Tensor, epsilon: float) -> Tensor:
    """`style_norm` of what depth-to-space makes of z, before depth-to-space.

    z [1,C·n,H,W], whose n channels at a time become one of C; gamma and beta [1,C] → [1,C·n,H,W].
    """
    groups = gamma.shape[1]
    n = z.shape[1] // groups
    apart = z - _of_all(z.mean((2, 3)), groups, n)
    variance = (apart * apart).mean((2, 3)).view(1, groups, n).mean(2)
    gamma = gamma / torch.sqrt(variance + epsilon)
    return apart * _each(gamma, n) + _each(beta, n)


def _of_all(values: Tensor, groups: int, n: int) -> Tensor:
    """The mean over each group's channels, [1,C·n] → [1,C·n,1,1]."""
    return _each(values.view(1, groups, n).mean(2), n)


def _each(values: Tensor, n: int) -> Tensor:
    """A group's value for each of its n channels: [1,C] → [1,C·n,1,1]."""
    return values.repeat_interleave(n, 1)[:, :, None, None]
