#!/usr/bin/env bash
# Guess: the tensors that torch.export is given are examples: only their shapes and types are traced, so one tensor may
# stand for two inputs of the same shape.
# What happens (torch 2.13.0): torch.export takes the one tensor given twice for one input. The program keeps two inputs
# but computes with the second alone: a + 10 b becomes b + 10 b, called with two tensors it gives other numbers than the
# module, and nothing is raised. With a tensor for each input it is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" torch==2.13.0 numpy==2.4.6 \
    2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 -W ignore - <<'PYTHON'
import sys

import torch

print("torch", torch.__version__)


class Sum(torch.nn.Module):
    def forward(self, a, b):
        return a + 10 * b


one, zero = torch.ones(2), torch.zeros(2)
example = torch.rand(2)
once = torch.export.export(Sum(), (example, example))
apart = torch.export.export(Sum(), (example, torch.rand(2)))
found = {"module": Sum(), "exported with one tensor twice": once.module(), "with two tensors": apart.module()}
found = {name: run(one, zero).tolist() for name, run in found.items()}
for name, values in found.items():
    print(f"{name}: a = 1, b = 0 -> {values}")
unused = [node.name for node in once.graph.nodes if node.op == "placeholder" and not node.users]
print("inputs that the first program does not use:", unused)
sys.exit(0 if list(found.values()) == [[1, 1], [0, 0], [1, 1]] and unused == ["a"] else 1)
PYTHON
