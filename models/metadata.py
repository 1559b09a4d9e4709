"""The metadata of safetensors files, so that the same tensors and texts are always the same file. No torch.

The library writes metadata in another order every time.
"""

import json
from collections.abc import Mapping


def data_start(data: bytes) -> int:
    """Where a file's tensors begin: after the header's length (uint64, little-endian) and the header."""
    return 8 + int.from_bytes(data[:8], "little")


def with_metadata(data: bytes, texts: Mapping[str, str]) -> bytes:
    """The bytes of a safetensors file that has no metadata, with these, in their order."""
    start = data_start(data)
    header = json.dumps({"__metadata__": {**texts}, **json.loads(data[8:start])}, ensure_ascii=False).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + data[start:]
