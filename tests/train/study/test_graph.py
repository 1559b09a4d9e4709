"""The step as a graph: its gradients are PyTorch's, its step Muon's and Adam's, and VGG's weights lie beside it. And
the graph for OpenVINO, as ONNX Runtime computes it: in float32, so that every machine can tell whether it is right."""

import copy
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime as ort
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


@pytest.fixture(params=["study", "study_tiles"])
def run(request, tiny_in_tiles):
    """run(inputs) → the outputs of a step by name, of both graphs in turn."""
    session, weights = opened(tiny_in_tiles, request.param)
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, numbers(inputs) | weights), strict=True))


def opened(model, role):
    """(session, inputs that are VGG's weights)"""
    if role == "study":
        return room.open_graphs(replace(model, files=without(model.files, "study_tiles")), 1).step, {}
    return ort.InferenceSession(str(model.path(role))), room.vgg_weights(vgg_file().read_bytes())


def without(files, role):
    return {name: entry for name, entry in files.items() if name != role}


def numbers(inputs):
    return {name: value.numpy() for name, value in inputs.items()}


def pytorchs(t, vgg, inputs):
    """(gradient [V], terms) by PyTorch's own autograd, without any decomposition."""
    values = inputs["values"].clone().requires_grad_()
    batch = loss.Batch(*(inputs[name] for name in loss.Batch._fields))
    targets = [inputs[name] for name in graph.PAINTING]
    painting = loss.Painting(tuple(targets[:4]), *targets[4:])
    total, terms = step.losses(t, vgg, values, batch, painting, inputs["weights"])
    return torch.autograd.grad(total, values)[0], terms.detach()


def test_gradients_are_pytorchs(given, run, vgg):
    t, inputs = given
    out = run(inputs)
    gradient, terms = pytorchs(t, vgg, inputs)
    np.testing.assert_allclose(out["terms"], terms, rtol=1e-4, atol=1e-6)
    mine = torch.from_numpy(out["next_moment1"]) / (1 - step.BETA1)
    largest = gradient.abs().max()
    assert float((mine - gradient).norm() / gradient.norm()) < 1e-4
    parts = (step.split(t, x)[0] for x in (mine, gradient))
    for (name, found), expected in zip(next(parts).items(), next(parts).values(), strict=True):
        if expected.abs().max() > LEAST * largest:
            assert float((found - expected).norm() / expected.norm()) < 1e-3, name


def test_a_step_is_muons_and_adams(given, run):
    """By PyTorch's own optimisers, the second step of two, from gradients as the graph has them."""
    t, inputs = given
    state, gradients = inputs, []
    for count in (1.0, 2.0):
        out = run(state | {"count": torch.tensor([count])})
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


def test_five_steps_in_tiles_are_five_steps(given, tiny_in_tiles):
    """Each from where the steps before have led `study.onnx`."""
    plain, _ = opened(tiny_in_tiles, "study")
    ours, weights = opened(tiny_in_tiles, "study_tiles")
    state = numbers(given[1])
    for count in range(1, 6):
        state |= {"count": np.float32([count])}
        found, expected = ours.run(None, state | weights), plain.run(None, state)
        np.testing.assert_allclose(found[3], expected[3], rtol=1e-4, atol=1e-6)
        for mine, theirs in zip(found[1:3], expected[1:3], strict=True):
            assert np.linalg.norm(mine - theirs) < 1e-3 * np.linalg.norm(theirs)
        moved, far = expected[0] - state["values"], np.abs(expected[1]) > LEAST * np.abs(expected[1]).max()
        # Where the gradient is practically zero Adam goes either way.
        assert np.linalg.norm((found[0] - expected[0])[far]) < 1e-2 * np.linalg.norm(moved[far])
        state |= dict(zip(("values", "moment1", "moment2"), expected, strict=False))


def test_of_the_graph_in_tiles_weights_are_inputs(tiny_in_tiles):
    stored = onnx.load(str(tiny_in_tiles.path("study_tiles")), load_external_data=False)
    given = {value.name for value in stored.graph.input if value.name.startswith("vgg.")}
    assert given == set(room.vgg_weights(vgg_file().read_bytes()))
    assert not [tensor.name for tensor in stored.graph.initializer if tensor.external_data]
    operators = {node.op_type for node in stored.graph.node}
    assert {"Conv", "MaxPool", "Pad"} <= operators
    assert not {operator for operator in operators if operator.startswith("Scatter")}
    assert not [node for node in stored.graph.node if node.doc_string or node.metadata_props]
    assert stored.metadata_props == onnx.load(str(tiny_in_tiles.path("study")), load_external_data=False).metadata_props


def test_what_has_no_rate_stays(given, run):
    t, inputs = given
    rates = inputs["rates"].clone()
    rates[: -t.layout.size] = 0
    out = run(inputs | {"rates": rates})
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
    assert onnx.load(str(made.path("study_tiles"))).graph.input[6].type.tensor_type.shape.dim[2].dim_value == 16
