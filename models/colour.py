"""Colours as the eye sees them, in torch: sRGB to L*a*b*."""

import torch
from torch import Tensor

TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))  # Rec. 709
WHITE = (0.950456, 1.0, 1.088754)  # D65


def lab(image: Tensor) -> Tensor:
    """sRGB [N,3,H,W] in [0, 1] → CIE 1976 L*a*b* [N,3,H,W], white D65: L* 0…100, a* and b* about ±100.

    What stands under a root is kept from 0 also where the other branch is taken, for the gradient's sake.
    """
    # sRGB's transfer function undone: a line near black, a power elsewhere
    linear = torch.where(image > 0.04045, ((image.clamp_min(0.04) + 0.055) / 1.055) ** 2.4, image / 12.92)
    # X, Y and Z, 1 each for white
    with torch.autocast(image.device.type, enabled=False):
        xyz = torch.einsum("ij,njhw->nihw", image.new_tensor(TO_XYZ), linear) / image.new_tensor(WHITE).view(1, 3, 1, 1)
    # the eye's response, about a cube root, and its differences: lightness, green to red, blue to yellow
    f = torch.where(xyz > 0.008856, xyz.clamp_min(0.008) ** (1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = f.unbind(1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), 1)
