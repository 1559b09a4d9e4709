"""A folder as somebody would give it to a cluster, and a crew that needs none."""

import shutil
from collections import deque

import numpy as np
import pytest
from PIL import Image

from impasto.export.runtime.painter import Look
from impasto.export.runtime.sample import picture
from impasto.webapp.cluster.run import Lost
from impasto.webapp.cluster.worker import Recipe, Worker

PART_FRAMES = 8


def four_scenes():
    """A camera that moves through four scenes of ten frames: uint8 [64,96,3]."""
    views = [(picture(100, 200, seed) * 255).astype(np.uint8) for seed in (0, 1)]
    views = [*views, 255 - views[0], views[1][::-1]]
    return [np.ascontiguousarray(views[t // 10][t * 36 // 40 :, t : t + 96][:64]) for t in range(40)]


@pytest.fixture
def clips(tmp_path, media, scene):
    """A folder with a clip of four scenes and sound, a clip of one, a picture, a damaged file and a text."""
    folder = tmp_path / "clips"
    folder.mkdir()
    sound = [{"codec": "aac", "seconds": 1.6}]
    media.write_clip(folder / "long.mp4", four_scenes(), sound=sound, options={"crf": "10"})
    media.write_clip(folder / "short.mp4", media.scenes(64, 48, 6))
    Image.fromarray(scene).save(folder / "still.png")
    (folder / "damaged.mp4").write_bytes(b"no clip")
    (folder / "notes.txt").write_text("nothing to paint")
    return folder


@pytest.fixture
def recipe(tiny_model):
    style = tiny_model.gallery()["waves"]["style"]
    return Recipe(str(tiny_model.folder), tiny_model.files["frame"]["sha256"], (style,), (1.0,), Look(), None, None)


class LocalCrew:
    """Two workers in this process. `trouble(task)` may return what happens to a task instead of its work."""

    def __init__(self, recipe, trouble=lambda task: None):
        self.worker, self.trouble = Worker(recipe, 2, PART_FRAMES), trouble
        self.ended, self.done = deque(), []

    def idle(self):
        return 2 - len(self.ended)

    def start(self, task):
        try:
            error = self.trouble(task)
            if error is not None:
                raise error
            self.ended.append((task, getattr(self.worker, task.method)(*task.arguments), None))
            self.done.append((task.method, task.job.source.rpartition("/")[2]))
        except Exception as error:
            self.ended.append((task, None, error))

    def wait(self):
        return [self.ended.popleft()] if self.ended else []


@pytest.fixture
def crew(recipe):
    """crew(trouble): a LocalCrew, by another recipe where one is given."""
    return lambda *trouble, recipe=recipe: LocalCrew(recipe, *trouble)


@pytest.fixture
def lost():
    return Lost("a machine was lost")


@pytest.fixture
def without_damage(clips):
    (clips / "damaged.mp4").unlink()
    return clips


@pytest.fixture
def copied(tmp_path):
    """copied(folder): another one like it."""
    return lambda folder: shutil.copytree(folder, tmp_path / "copy")
