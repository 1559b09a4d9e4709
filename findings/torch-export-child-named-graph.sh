#!/usr/bin/env bash
# Guess: what a module calls its children is its own affair; torch.export takes any module that runs.
# What happens (torch 2.13.0): with a child that holds weights and is called `graph` or `code`, names that torch.fx's
# GraphModule has for itself, torch.export.export succeeds, but the program cannot be used: module(), and
# run_decompositions(), which the ONNX and LiteRT exporters call, raise "references nonexistent attribute". Under another
# name the same module exports and runs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" torch==2.13.0 numpy==2.4.6 \
    2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 -W ignore - <<'PYTHON'
import sys

import torch
from torch import nn

print("torch", torch.__version__)


class Parent(nn.Module):
    def __init__(self, name):
        super().__init__()
        self.name = name
        self.add_module(name, nn.Sequential(nn.Linear(2, 2)))

    def forward(self, x):
        return getattr(self, self.name)(x)


def told(call):
    try:
        call()
    except RuntimeError as error:
        return str(error).splitlines()[0]
    return "fine"


found = {}
for name in ("graph", "code", "network"):
    program = torch.export.export(Parent(name), (torch.rand(1, 2),))
    found[name] = [told(program.module), told(program.run_decompositions)]
    print(name, "-> exported; module():", found[name][0])
    print(" " * len(name), "   run_decompositions():", found[name][1])
spoilt = all("references nonexistent attribute" in each for name in ("graph", "code") for each in found[name])
sys.exit(0 if spoilt and found["network"] == ["fine", "fine"] else 1)
PYTHON
