"""The step as a graph: its gradients are PyTorch's, its step Muon's and Adam's, and VGG's weights lie beside it."""

import copy

import numpy as np
import onnx
import pytest
import torch

from impasto.export.runtime import study as room
from impasto.export.runtime.model import load_model
from impasto.export.runtime.sample import picture
from impasto.models.store import vgg_file
from impasto.train.study import graph, loss, step
from impasto.train.study.weights import own_vgg

LEAST = 1e-4  # gradients of less than this part of the largest are practically zero


@pytest.fixture(autouse=True)
def _repeatable(one_thread):
    """Every test of this file."""


@pytest.fixture(scope="module")
def vgg():
    return own_vgg()


def image(side, seed):
    return torch.from_numpy(picture(side, side, seed)).permute(2, 0, 1)[None]


@pytest.fixture
def given(tiny_networks, tiny_model, vgg):
    """(T, inputs of the tiny model's step by name)."""
    p, t = copy.deepcopy(tiny_networks)
    t.requires_grad_(False)
    n, side = room.open_graphs(tiny_model, 1).batch
    frame = torch.cat([image(side, seed) for seed in range(n)])
    with torch.no_grad():
        style = p(image(256, 9))
        painting = loss.painting_targets(vgg, image(side, 8).flip(1))
        content = vgg(frame)["relu3_3"]
    values = step.flatten(t, style)
    down = torch.diag(torch.ones(side - 3), -3).repeat(n, 1, 1)
    inputs = graph.example(t, n, side) | {
        "values": values,
        "moment1": torch.zeros_like(values),
        "moment2": torch.zeros_like(values),
        "rates": torch.full_like(values, 1e-3),
        "frame": frame,
        "other": frame.roll(-3, 2) * 0.98,
        "down": down,
        "seen": down.sum(2)[:, None, :, None].expand(-1, 1, -1, side).contiguous(),
        "content": content,
        "weights": torch.linspace(0.5, 2, len(loss.TERMS)),
        **dict(zip(graph.PAINTING, (*painting.grams, *painting[1:]), strict=True)),
    }
    return t, inputs


def run(model, inputs):
    session = room.open_graphs(model, 1).step
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {k: v.numpy() for k, v in inputs.items()}), strict=True))


def pytorchs(t, vgg, inputs):
    """(gradient [V], terms) by PyTorch's own autograd, without any decomposition."""
    values = inputs["values"].clone().requires_grad_()
    batch = loss.Batch(*(inputs[name] for name in loss.Batch._fields))
    targets = [inputs[name] for name in graph.PAINTING]
    painting = loss.Painting(tuple(targets[:4]), *targets[4:])
    total, terms = step.losses(t, vgg, values, batch, painting, inputs["weights"])
    return torch.autograd.grad(total, values)[0], terms.detach()


def test_gradients_are_pytorchs(given, tiny_model, vgg):
    t, inputs = given
    out = run(tiny_model, inputs)
    gradient, terms = pytorchs(t, vgg, inputs)
    np.testing.assert_allclose(out["terms"], terms, rtol=1e-4, atol=1e-6)
    mine = torch.from_numpy(out["next_moment1"]) / (1 - step.BETA1)
    largest = gradient.abs().max()
    assert float((mine - gradient).norm() / gradient.norm()) < 1e-4
    parts = (step.split(t, x)[0] for x in (mine, gradient))
    for (name, found), expected in zip(next(parts).items(), next(parts).values(), strict=True):
        if expected.abs().max() > LEAST * largest:
            assert float((found - expected).norm() / expected.norm()) < 1e-3, name


def test_a_step_is_muons_and_adams(given, tiny_model, vgg):
    """By PyTorch's own optimisers, the second step of two, from gradients as the graph has them."""
    t, inputs = given
    state, gradients = inputs, []
    for count in (1.0, 2.0):
        out = run(tiny_model, state | {"count": torch.tensor([count])})
        kept = step.BETA1 * state["moment1"].numpy()
        gradients.append((out["next_moment1"] - kept) / (1 - step.BETA1))
        state = state | {name: torch.from_numpy(out[f"next_{name}"]) for name in ("values", "moment1", "moment2")}
    for name, at in places(t).items():
        hidden = name.endswith(".weight") and not name.startswith(("stem.", "end."))
        shape = (t.get_parameter(name).shape[0], -1) if hidden else (-1,)
        own = inputs["values"][at].view(shape).clone().requires_grad_()
        optimiser = (
            torch.optim.Muon([own], 1e-3, 0.0, step.BETA1, adjust_lr_fn="match_rms_adamw")
            if hidden
            else torch.optim.Adam([own], 1e-3, (step.BETA1, step.BETA2), step.EPSILON)
        )
        for gradient in gradients:
            own.grad = torch.from_numpy(gradient[at]).view(shape)
            optimiser.step()
        before, found = inputs["values"][at].numpy(), out["next_values"][at]
        moved, expected = found - before, own.detach().numpy().ravel() - before
        if hidden:  # theirs is computed in bfloat16
            assert np.linalg.norm(moved - expected) < 0.05 * np.linalg.norm(expected), name
        else:
            large = np.abs(gradients[0][at]) > 1e-6
            np.testing.assert_allclose(moved[large], expected[large], rtol=1e-2, atol=1e-6, err_msg=name)


def places(t):
    """Where each parameter lies among the values."""
    sizes = [t.get_parameter(name).numel() for name in step.studied_names(t)]
    ends = np.cumsum(sizes)
    return {name: slice(end - size, end) for name, size, end in zip(step.studied_names(t), sizes, ends, strict=True)}


def test_muon_makes_singular_values_nearly_one():
    wide = torch.randn(2, 6, 20, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(step.muon(wide)) / (step.USUAL * 20**0.5)
    assert 0.6 < float(values.min()) <= float(values.max()) < 1.3
    torch.testing.assert_close(step.muon(wide.transpose(1, 2)), step.muon(wide).transpose(1, 2))


def test_what_has_no_rate_stays(given, tiny_model):
    t, inputs = given
    rates = inputs["rates"].clone()
    rates[: -t.layout.size] = 0
    out = run(tiny_model, inputs | {"rates": rates})
    same = out["next_values"] == inputs["values"].numpy()
    assert same[: -t.layout.size].all()
    assert not same[-t.layout.size :].all()


def test_vggs_weights_lie_beside_the_graph(tiny_model):
    stored = onnx.load(str(tiny_model.path("study")), load_external_data=False).graph
    own = [tensor for tensor in stored.initializer if tensor.name.startswith("vgg.")]
    assert len(own) == 30
    assert all(tensor.external_data[0].value == vgg_file().name for tensor in own)
    assert not [node for node in stored.node if node.op_type.startswith("Scatter")]
    assert not [node for node in stored.node if node.doc_string or node.metadata_props]


@pytest.mark.slow
def test_a_model_gets_its_graphs(tiny_model, tmp_path):
    import shutil

    folder = shutil.copytree(tiny_model.folder, tmp_path / "m")
    made = graph.add_study(load_model(folder), pictures=1, side=16)
    assert room.open_graphs(made, 1).batch == (1, 16)
