"""`impasto benchmark`: how fast a model is."""

from pathlib import Path
from typing import Annotated

import typer

from .arguments import DeviceOption, JsonOption, ModelOption


def benchmark_command(
    model: ModelOption = None,
    device: DeviceOption = "auto",
    against: Annotated[
        Path | None,
        typer.Option(help="Time its graphs beside those of another model instead: a folder, or a wheel of Impasto."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Time a model, alone and end to end, beside its rivals in the same run."""
    from impasto.export.benchmark import benchmark, compare, opened
    from impasto.export.runtime.model import load_model

    from .console import print_json, print_table

    if against:
        with opened(against) as other:
            rows = compare(load_model(model), other, device)
        if as_json:
            print_json(rows)
            return
        columns = ("graph", "size", "threads", "ms", "other ms", "ratio")
        print_table(f"Beside {against}", columns, [tuple(row.values()) for row in rows])
        return
    result = benchmark(load_model(model), device)
    if as_json:
        print_json(result)
        return
    rows = [(n["network"], n["size"], n["ms"], n["fps"], f"{n['ratio']} ×") for n in result["networks"]]
    print_table("One frame through the network", ("network", "size", "ms", "frames/s", "time, ours = 1"), rows)
    shares = [f"{e['share_of_network']:.0%}" if "share_of_network" in e else "" for e in result["end_to_end"]]
    rows = [
        (e["name"], e["size"], e["fps"], share, f"{e['peak_memory_mb']} MB")
        for e, share in zip(result["end_to_end"], shares, strict=True)
    ]
    title = f"A clip, end to end, on {result['cores']} cores"
    print_table(title, ("", "size", "frames/s", "of the network's own", "peak memory"), rows)
