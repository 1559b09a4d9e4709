"""HDR tone mapping beside the formulas of BT.2100, BT.2390 and BT.2446, in float64 and pixel by pixel."""

import numpy as np
import odd_clips
import pytest

from impasto.export.runtime.tone import WHITE, Transfer, tone_map
from impasto.webapp.files.clips.probe import probe
from impasto.webapp.files.clips.read import read_frames

WEIGHTS = np.array([0.2627, 0.6780, 0.0593])


def pq(nits):
    power = (nits / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def nits_of_pq(code):
    power = code ** (1 / 78.84375)
    return 10_000 * (max(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)


def display(rgb, transfer):
    """Light of a screen of 1000 cd/m², 0...1, for R'G'B' 0...1."""
    if transfer == Transfer.PQ:
        most = pq(1000)
        knee, out = 1.5 * most - 0.5, []
        for code in rgb:
            t = (code - knee) / (1 - knee)
            rolled = (
                (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * most
            )
            out.append(nits_of_pq(rolled if code > knee else code) / 1000)
        return np.array(out)
    scene = np.array([c**2 / 3 if c <= 0.5 else (np.exp((c - 0.55991073) / 0.17883277) + 0.28466892) / 12 for c in rgb])
    return (WEIGHTS @ scene) ** 0.2 * scene


def method_a(light):
    """BT.2446-1, clause 4, and BT.2020's primaries to BT.709's; 0...255."""
    red, green, blue = light ** (1 / 2.4)
    luma = WEIGHTS @ (red, green, blue)
    rho_hdr, rho_sdr = 1 + 32 * 0.1 ** (1 / 2.4), 1 + 32 * 0.01 ** (1 / 2.4)
    seen = np.log(1 + (rho_hdr - 1) * luma) / np.log(rho_hdr)
    if seen <= 0.7399:
        bent = 1.077 * seen
    elif seen < 0.9909:
        bent = -1.151 * seen**2 + 2.7811 * seen - 0.6302
    else:
        bent = 0.5 * seen + 0.5
    sdr = (rho_sdr**bent - 1) / (rho_sdr - 1)
    share = sdr / (1.1 * luma) if luma else 0
    cb, cr = share * (blue - luma) / 1.8814, share * (red - luma) / 1.4746
    sdr -= max(0.1 * cr, 0)
    rgb = np.array([sdr + 1.4746 * cr, sdr - 0.16455 * cb - 0.57135 * cr, sdr + 1.8814 * cb])
    to_709 = np.linalg.inv([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
    return 255 * np.clip(to_709 @ np.clip(rgb, 0, 1) ** 2.4, 0, 1) ** (1 / 2.4)


@pytest.mark.parametrize("transfer", Transfer)
def test_the_standards_formulas(transfer):
    codes = np.vstack(
        [np.repeat(np.arange(0, 4096, 63)[:, None], 3, 1), np.random.default_rng(1).integers(0, 4096, (200, 3))]
    )
    expected = [method_a(display(np.minimum(code / WHITE, 1), transfer)) for code in codes]
    found = tone_map(codes[None].astype(np.uint16), transfer)[0]
    assert np.abs(found - np.array(expected)).max() <= 1.5


@pytest.mark.parametrize("transfer", Transfer)
def test_brighter_is_brighter_up_to_the_end(transfer):
    """Also above what is 75 % of the signal in HLG, a sheet of paper's white."""
    greys = np.repeat(np.arange(0, 4096, 8, np.uint16)[None, :, None], 3, 2)
    found = tone_map(greys, transfer)[0].astype(int)
    assert np.ptp(found, axis=1).max() <= 1  # grey stays grey
    steps = np.diff(found[:, 0])
    assert steps.min() >= 0
    assert found[-1, 0] >= 254
    above = found[round(0.75 * 511) :, 0]
    assert len(set(above)) > (60 if transfer == Transfer.HLG else 10)


@pytest.mark.parametrize("transfer", Transfer)
def test_a_clip_is_read_so(tmp_path, transfer):
    info = probe(odd_clips.ramp(tmp_path / "clip.mp4", int(transfer)))
    assert info.hdr == transfer
    frame = next(iter(read_frames(info)))
    for step in range(8):
        expected = method_a(display(np.full(3, step / 7), transfer))
        assert np.abs(frame.rgb[32, 32 * step + 16] - expected).max() <= 0.9
