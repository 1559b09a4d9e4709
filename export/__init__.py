"""Carries the networks out of PyTorch, and runs what was carried out.

From outside: `exporter.export_model` (needs torch), `runtime.Painter` (needs onnxruntime only), `benchmark`.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before ONNX Runtime is imported: it would call home otherwise
