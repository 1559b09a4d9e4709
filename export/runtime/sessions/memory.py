"""How runtimes say that there was no room."""


def is_short_of_memory(error: Exception) -> bool:
    """ONNX Runtime: "Failed to allocate memory for requested buffer"; it and OpenVINO: "std::bad_alloc"."""
    return "alloc" in str(error)
