"""The learned motion network: matching against NumPy, which way it looks, its file, and what browsers have to run."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from impasto.models.errors import BadInput
from impasto.models.steady import flownet, motion
from impasto.models.steady.quads import in_cells
from impasto.train.evaluation.motion_report import export

pytestmark = pytest.mark.usefixtures("one_thread")

# Verified on WebGPU. Nothing of shapes or whole numbers: those would be computed on the CPU, frame by frame.
RUN_BY_BROWSERS = {
    *("Add", "AveragePool", "Clip", "Concat", "Conv", "Div", "GridSample", "Mul", "Pad", "ReduceMean", "Reciprocal"),
    *("DepthToSpace", "Pow", "Relu", "Resize", "Slice", "Split", "Sqrt", "Sub", "Transpose", "Unsqueeze"),
}


@pytest.fixture
def net():
    """A network that finds something, though nothing sensible."""
    torch.manual_seed(0)
    net = flownet.FlowNet().eval()
    for solve in net.solve.values():
        torch.nn.init.normal_(solve[-1].weight, std=0.05)
    return net


def noise(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("reach", [1, 2])
def test_correlation_is_that_of_numpy(reach):
    a, b = noise(2, 3, 5, 7) - 0.5, noise(2, 3, 5, 7, seed=1) - 0.5
    padded = np.pad(b.numpy().astype(np.float64), [(0, 0), (0, 0), (reach, reach), (reach, reach)])
    span = range(2 * reach + 1)
    expected = [(a.numpy() * padded[:, :, dy : dy + 5, dx : dx + 7]).mean(1) for dy in span for dx in span]
    np.testing.assert_allclose(flownet.correlation(a, b, reach).numpy(), np.stack(expected, 1), atol=1e-6)


def test_comparable_features_are_those_of_numpy():
    features = noise(2, 6, 4, 4) * 30 - 9
    centred = features.numpy().astype(np.float64)
    centred -= centred.mean((2, 3), keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(1, keepdims=True) + flownet.FAINT)
    found, contrast = flownet.comparable(features)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)
    np.testing.assert_allclose(
        (contrast * (features - features.mean((2, 3), keepdim=True))).numpy(), expected, atol=1e-5
    )


def test_motion_comes_at_half_resolution_in_units_of_grid_sample(net):
    """A motion of (32, −16) pixels everywhere, in GridSample counts, at half the resolution, for a batch."""
    for solve in net.solve.values():
        torch.nn.init.zeros_(solve[-1].weight)
    with torch.no_grad():
        net.solve["16"][-1].bias.copy_(torch.tensor([32.0, -16.0]) / flownet.STEP)
        plain = torch.full((2, 3, 64, 96), 0.5)  # nothing that least squares could fit
        found = net(plain, plain, motion.pixel_grid(64, 96))
    assert found.shape == (2, 2, 32, 48)
    torch.testing.assert_close(found[:, 0], torch.full((2, 32, 48), 32 * 2 / 96), atol=1e-4, rtol=0)
    torch.testing.assert_close(found[:, 1], torch.full((2, 32, 48), -16 * 2 / 64), atol=1e-4, rtol=0)


def test_finer_levels_look_where_the_coarser_lead(net):
    """Given the right motion from above, every finer level matches each pixel with itself: nothing is left to find."""
    wide = noise(1, 3, 224, 288)
    there, here = wide[:, :, 32:-32, 32:-32], wide[:, :, 16:-48, 64:]  # here(p) = there(p + (32, −16))
    for solve in net.solve.values():
        torch.nn.init.zeros_(solve[-1].weight)
    seen = {}
    for scale in ("8", "4"):
        net.solve[scale].register_forward_pre_hook(lambda _, inputs, scale=scale: seen.update({scale: inputs[0]}))
    with torch.no_grad():
        net.solve["16"][-1].bias.copy_(torch.tensor([32.0, -16.0]) / flownet.STEP)
        net(here, there, motion.pixel_grid(160, 224))
    for scale, inputs in seen.items():
        margin, side = 48 // int(scale), 2 * flownet.REACH[int(scale)] + 1
        matches = inputs[0, : side * side, margin:-margin, margin:-margin]
        assert matches.mean((1, 2)).argmax() == side * side // 2  # the middle


def test_a_uniform_change_of_light_changes_nothing(net):
    here, there, quads_at = noise(1, 3, 32, 48), noise(1, 3, 32, 48, seed=1), motion.pixel_grid(16, 24)
    with torch.no_grad():
        seen = net.matched(net.features(in_cells(there, 2))[0])
        lit, same = (net.levels(*net.features(in_cells(frame, 2)), seen, quads_at) for frame in (here + 0.1, here))
    for scale, flow in same.items():
        assert flow.abs().max() > 1e-2
        torch.testing.assert_close(lit[scale], flow, atol=1e-4, rtol=0)


@pytest.mark.slow  # as part of the step graph it is checked always
def test_the_graph_equals_the_network_and_runs_in_browsers(net, tmp_path):
    export(net, tmp_path / "motion.onnx")
    assert {node.op_type for node in onnx.load(tmp_path / "motion.onnx").graph.node} <= RUN_BY_BROWSERS
    session = ort.InferenceSession(tmp_path / "motion.onnx", providers=["CPUExecutionProvider"])
    for height, width in ((64, 96), (48, 128)):
        inputs = noise(1, 3, height, width), noise(1, 3, height, width, seed=1), motion.pixel_grid(height, width)
        names = ("here", "there", "grid")
        found = session.run(None, {name: x.numpy() for name, x in zip(names, inputs, strict=True)})[0]
        with torch.no_grad():
            expected = net(*inputs).numpy()
        assert np.abs(expected).max() > 1e-2
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_weights_are_small_and_come_back(net, tmp_path):
    flownet.save_flownet(net, tmp_path / "flownet.safetensors")
    assert (tmp_path / "flownet.safetensors").stat().st_size < 120_000
    assert [file.name for file in tmp_path.iterdir()] == ["flownet.safetensors"]
    back = flownet.load_flownet(tmp_path / "flownet.safetensors").state_dict()
    for name, value in net.state_dict().items():
        torch.testing.assert_close(back[name], value, atol=1e-3, rtol=1e-3)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "damaged").write_bytes(b"\0" * 40)
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(2)}, tmp_path / "other")
    for name in ("missing", "damaged", "other"):
        with pytest.raises(BadInput, match="does not hold the weights of a motion network"):
            flownet.load_flownet(tmp_path / name)
