#!/usr/bin/env bash
# Guess: what is drawn twice is drawn twice in the exported graph, too: two dropouts, left on to see how sure a network is,
# and two torch.bernoulli of the same odds, as of the grain of two pictures, have nothing to do with each other.
# What happens (torch 2.13.0, onnxscript 0.7.2): the exporter merges what looks computed twice, and takes Dropout and
# Bernoulli for something that gives the same each time: one node is left, and both draws are the same, every time. So
# the difference of two passes, which should say how sure the network is, is 0. rand_like and multinomial are kept
# apart; so is everything with optimize=False.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" torch==2.13.0 numpy==2.4.6 \
    onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 -W ignore - "$folder/draws.onnx" 2>"$folder/log" <<'PYTHON' || { cat "$folder/log"; exit 1; }
import sys

import onnx
import onnxruntime as ort
import onnxscript
import torch
from torch.nn.functional import dropout

print("torch", torch.__version__, "| onnxscript", onnxscript.__version__, "| onnxruntime", ort.__version__)
DRAWS = {
    "dropout": lambda odds: dropout(odds, 0.5, training=True),
    "bernoulli": torch.bernoulli,
    "rand_like": torch.rand_like,
    "multinomial": lambda odds: torch.multinomial(odds, 64, replacement=True),
}


class Twice(torch.nn.Module):
    def __init__(self, draw):
        super().__init__()
        self.draw = draw

    def forward(self, odds):
        return self.draw(odds), self.draw(odds)


def shares(pairs):
    """How much of each pair of draws is equal."""
    return [round(float((one == other).mean()), 2) for one, other in pairs]


odds = torch.full((4, 1000), 0.5)
merged = {True: set(), False: set()}
for name, draw in DRAWS.items():
    eager = shares([[drawn.numpy() for drawn in Twice(draw)(odds)] for _ in range(3)])
    print(f"{name}: equal in eager {eager}")
    if max(eager) > 0.6:
        sys.exit("draws of eager mode are alike")
    for optimize in (True, False):
        torch.onnx.export(Twice(draw).eval(), (odds,), sys.argv[1], dynamo=True, verbose=False, optimize=optimize)
        session = ort.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
        feed = {session.get_inputs()[0].name: odds.numpy()}
        runs = [session.run(None, feed) for _ in range(3)]
        equal = shares(runs)
        nodes = [node.op_type for node in onnx.load(sys.argv[1]).graph.node]
        print(f"    onnx, optimize={optimize}: equal {equal}; from run to run {shares([(runs[0][0], runs[1][0])])}; {nodes}")
        if min(equal) == 1:
            merged[optimize].add(name)
print("merged:", merged)
sys.exit(0 if merged == {True: {"dropout", "bernoulli"}, False: set()} else 1)
PYTHON
