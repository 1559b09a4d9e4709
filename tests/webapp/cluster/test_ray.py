"""A real Ray cluster of two machines, here two nodes on this one; one is lost midway. Needs the extra [ray]."""

import shutil
import threading
from pathlib import Path

import av
import pytest

from impasto.export.runtime.model import load_model
from impasto.export.runtime.painter import Painter
from impasto.models.errors import BadInput
from impasto.webapp.cluster.stylize import stylize_on_ray
from impasto.webapp.files.stylize import stylize_path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def cluster():
    """Two nodes of one core each; the head paints nothing. Yields the cluster and its nodes."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    yield cluster, nodes
    cluster.shutdown()


@pytest.fixture
def many(without_damage):
    """The folder with eight more clips of four scenes."""
    for number in range(8):
        shutil.copy(without_damage / "long.mp4", without_damage / f"more{number}.mp4")
    return without_damage


def coded(path):
    with av.open(str(path)) as container:
        return sorted((bytes(p), p.pts * p.time_base) for p in container.demux() if p.size)


def test_a_folder_on_two_nodes_of_which_one_is_lost(cluster, many, tmp_path, recipe):
    cluster, nodes = cluster
    told, kept, out = [], {}, tmp_path / "out"

    def lose_one(outcome):
        told.append(outcome)
        if len(told) == 3:
            kept.update({path: path.stat().st_mtime_ns for path in out.iterdir() if not path.name.startswith(".")})
            threading.Thread(target=cluster.remove_node, args=(nodes[1],)).start()

    found = stylize_on_ray(cluster.address, str(many), str(out), recipe, on_file=lose_one, part_frames=8)
    assert found["failed"] == []
    assert len(found["painted"]) == len(told) == 11
    assert len(kept) >= 3
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())  # what was finished is not done again
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
    painter = Painter(load_model(recipe.model), threads=1, look=recipe.look)
    painter.use(recipe.styles, recipe.shares)
    stylize_path(many, tmp_path / "alone", painter)
    for name in ("long.mp4", "more7.mp4", "short.mp4"):
        assert coded(out / name) == coded(tmp_path / "alone" / name)
    assert (out / "still.png").read_bytes() == (tmp_path / "alone" / "still.png").read_bytes()


def test_the_command_line(cluster, many, tmp_path, run, recipe):
    cluster, _ = cluster
    (many / "damaged.mp4").write_bytes(b"no clip")
    arguments = [many, "-s", "waves", "-m", recipe.model, "-o", tmp_path / "out", "--brush", "full", "--json"]
    code, out, err = run("stylize", *arguments, "--ray", cluster.address)
    assert code == 1
    assert out.count('"kind": "clip"') == 10
    assert "damaged.mp4 is not" in err
    assert len([*Path(tmp_path / "out").glob("[!.]*")]) == 11  # beside the ledger


def test_no_cluster_there(tmp_path, many, recipe):
    with pytest.raises(BadInput, match=r"no Ray cluster at 127\.0\.0\.1:1"):
        stylize_on_ray("127.0.0.1:1", str(many), str(tmp_path / "out"), recipe)
