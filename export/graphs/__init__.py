"""Graphs out of PyTorch: exporting, checking against the networks, the built-in styles."""
