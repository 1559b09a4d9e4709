#!/usr/bin/env bash
# Guess: RandomNormal without a seed is seeded anew for every session ("if not specified we will auto generate one"), so two
# sessions of one model, such as a server keeps to serve two people, draw different noise, as two numpy.random.default_rng() do.
# What happens (onnxruntime 1.32.0): the seed is made once for each process, and a session takes it and its node's place in
# the graph. Two sessions of one process draw the same noise run by run, exactly; so do nodes in the same place of two
# different models. Whoever averages over sessions averages nothing; film grain is the same for all. A new session begins the noise anew.
# Another process draws otherwise, and so do two nodes of one graph.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cat >"$folder/draw.py" <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper


def session(operator, scale=1.0):
    """A session of a graph of two such nodes, neither with a seed; its second output is times `scale`."""
    value = {"RandomNormalLike": {"mean": 0.0, "scale": scale}, "RandomUniformLike": {"low": 0.0, "high": scale}}[operator]
    nodes = [helper.make_node(operator, ["x"], ["one"]), helper.make_node(operator, ["x"], ["other"], **value)]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in ("x", "one", "other")]
    graph = helper.make_graph(nodes, "draws", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


ort.set_default_logger_severity(3)
feed = {"x": np.zeros(1000, np.float32)}
if sys.argv[1:] == ["once"]:
    print(*session("RandomNormalLike").run(None, feed)[0][:4])
    sys.exit()
print("onnxruntime", ort.__version__, "| onnx", onnx.__version__, "| numpy", np.__version__)
good = True
for operator in ("RandomNormalLike", "RandomUniformLike"):
    one, other, scaled = session(operator), session(operator), session(operator, 2.0)
    runs = [[each.run(None, feed) for each in (one, other, scaled)] for _ in range(3)]
    alike = [np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1]) for first, second, _ in runs]
    model = [np.array_equal(first[0], third[0]) for first, _, third in runs]
    inside = any(np.array_equal(first[0], first[1]) for first, _, _ in runs)
    again = np.array_equal(runs[0][0][0], runs[1][0][0])
    late = np.array_equal(session(operator).run(None, feed)[0], runs[0][0][0])
    print(f"{operator}: two sessions alike in three runs {alike}, of another model {model}; a later session begins anew: {late}")
    print(f"    two nodes alike: {inside}; two runs of one session alike: {again}; first values {runs[0][0][0][:4]}")
    good &= all(alike) and all(model) and late and not inside and not again
mean = np.mean([session("RandomNormalLike").run(None, feed)[0] for _ in range(16)], axis=0)
numpy = np.mean([np.random.default_rng().normal(size=1000) for _ in range(16)], axis=0)
print(f"deviation of the mean of 16 draws, which should be .25: sessions {mean.std():.2f}, numpy {numpy.std():.2f}")
sys.exit(0 if good and mean.std() > 0.9 and numpy.std() < 0.35 else 1)
PYTHON
export PYTHONPATH="$folder/packages"
python3 "$folder/draw.py"
first=$(python3 "$folder/draw.py" once)
second=$(python3 "$folder/draw.py" once)
echo "one process: $first | another: $second"
[ "$first" != "$second" ]
