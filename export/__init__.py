"""Carries the networks out of PyTorch, and runs what was carried out.

From outside: `exporter.export_model` (needs torch), `runtime.Painter` (needs onnxruntime only), `benchmark`.
"""
