"""Clips painted in the browser beside `stylize` on the same file: frames, times, sound, orientation, colours."""

import numpy as np
import odd_clips
import pytest
from playwright.sync_api import expect

from impasto.models.errors import BadInput
from impasto.webapp.files.stylize import stylize_path

SECOND = 1000  # playwright counts milliseconds
TICK = 0.0011  # seconds: WebM's clock
# A painter that paints nothing, so that the clip itself can be compared, and quick.
COPY = """async (frame, painted, shown) => {
    const { width, height } = shown ?? painted;
    const pen = new OffscreenCanvas(width, height).getContext("2d", { alpha: false });
    pen.drawImage(frame, 0, 0, width, height);
    const timestamp = frame.timestamp;
    frame.close();
    return new VideoFrame(pen.canvas, { timestamp });
}"""


class Copier:
    def paint(self, rgb):
        return rgb

    def reset(self):
        pass


@pytest.fixture(scope="module")
def page(browser, static_site):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(60 * SECOND)
    page.goto(static_site)
    expect(page.locator("body[data-ready]")).to_be_attached()
    page.evaluate(f"() => {{ impasto.engine.paint = {COPY}; }}")
    yield page
    context.close()


@pytest.fixture
def both(page, tmp_path):
    """Paints a clip on the page and with stylize: `both(clip, side)` → the two files, and the page's remark."""

    def paint(clip, side=480):
        here, there = tmp_path / "page.mp4", tmp_path / "stylize.mp4"
        page.locator("#use-clip").set_input_files(str(clip))
        dialog = page.locator("dialog#clip")
        refusal = dialog.get_by_text("cannot be painted here")
        choice = dialog.locator("#clip-size")
        expect(choice.or_(refusal)).to_be_visible(timeout=120 * SECOND)
        if choice.is_visible():
            choice.select_option(str(side))
            dialog.get_by_role("button", name="Paint").click()
            download = dialog.get_by_role("link", name="Download")
            expect(download.or_(refusal)).to_be_visible(timeout=120 * SECOND)
        refused = refusal.is_visible()
        remark = dialog.inner_text()
        if not refused:
            with page.expect_download() as download:
                dialog.get_by_role("link", name="Download").click()
            download.value.save_as(here)
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        try:
            stylize_path(clip, there, Copier(), size=None)
        except BadInput as problem:
            there = str(problem)
        return remark if refused else here, there, remark

    return paint


def delay(page, stylize):
    """By how many seconds the page's sound is later."""
    a, b = odd_clips.heard_in(page), odd_clips.heard_in(stylize)
    size = 1 << (len(a) + len(b)).bit_length()
    match = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    at = int(match.argmax())
    return (at - size if at > size // 2 else at) / odd_clips.SAMPLES


def close(page, stylize, sound=True):
    """The same frames at the same times, and the same sound no more than a millisecond away."""
    times, numbers = odd_clips.numbers_in(page)
    expected_times, expected = odd_clips.numbers_in(stylize)
    assert numbers == expected
    assert np.abs(np.subtract(times, expected_times)).max() <= TICK
    assert not sound or abs(delay(page, stylize)) <= TICK


EDITED = {
    "one part": {"vide": [(0.8, 0.44, 1)], "soun": [(0.8, 0.44, 1)]},
    "two parts": {"vide": [(0.4, 0.23, 1), (0.4, 1.21, 1)], "soun": [(0.4, 0.23, 1), (0.4, 1.21, 1)]},
    "a late picture": {"vide": [(0.4, None, 1), (0.6, 0.44, 1)], "soun": [(1, 0.2, 1)]},
}


@pytest.mark.parametrize("name", EDITED)
def test_what_an_edit_list_cuts_away_does_not_come_back(both, tmp_path, name):
    bframes, sound = (2, "libopus") if name == "two parts" else (0, "aac")
    clip = odd_clips.write(tmp_path / "clip.mp4", bframes=bframes, sound=sound)
    page, stylize, _ = both(odd_clips.put_edits(clip, EDITED[name]))
    close(page, stylize)


@pytest.mark.parametrize("name", ["late.mkv", "late.mp4", "late.webm"])
def test_a_clip_whose_clock_starts_late_begins_with_its_first_frame(both, tmp_path, name):
    codec, sound = ("libvpx-vp9", "libopus") if name.endswith("webm") else ("libx264", "aac")
    clip = odd_clips.write(tmp_path / f"clip.{name.split('.')[1]}", 30, codec=codec, sound=sound)
    options = odd_clips.PIECE if name.endswith("mp4") else {}
    page, stylize, _ = both(odd_clips.late(clip, tmp_path / name, options=options))
    close(page, stylize)
    assert odd_clips.numbers_in(stylize)[0][0] < 0.03


@pytest.mark.parametrize("name", ["again from 0", "an hour later", "B-frames", "a camera's"])
def test_recordings_joined_with_their_clocks_go_on(both, tmp_path, name):
    """One behind the other in one MPEG-TS; on one clock they are a clip without any ado, which other tests have."""
    piece = odd_clips.write(tmp_path / "piece.ts", 30, bframes=2 if name == "B-frames" else 0)
    later = odd_clips.late(piece, tmp_path / "later.ts", 3600) if name == "an hour later" else piece
    data = piece.read_bytes() + later.read_bytes() + piece.read_bytes()
    if name == "a camera's":  # M2TS: a time stamp before each packet
        data = b"".join(bytes(4) + data[at : at + 188] for at in range(0, len(data), 188))
    (tmp_path / "joined.ts").write_bytes(data)
    page, stylize, _ = both(tmp_path / "joined.ts")
    close(page, stylize)
    assert odd_clips.numbers_in(page)[1] == [*range(30)] * 3


def test_recordings_of_which_some_have_no_sound_are_left_to_the_server(both, tmp_path):
    silent = odd_clips.write(tmp_path / "silent.ts", 30, sound=None)
    loud = odd_clips.write(tmp_path / "loud.ts", 30)
    (tmp_path / "joined.ts").write_bytes(loud.read_bytes() + silent.read_bytes())
    page, _, _ = both(tmp_path / "joined.ts")
    assert "joined from recordings whose clocks differ" in page


@pytest.mark.parametrize(
    "rows", [[(0.5, 0, 2)], [(0.4, 0.2, 1), (0.4, None, 1), (0.4, 1.2, 1)]], ids=["twice as fast", "a gap"]
)
def test_edit_lists_that_cannot_be_followed_are_refused(both, tmp_path, rows):
    clip = odd_clips.put_edits(odd_clips.write(tmp_path / "clip.mp4"), {"vide": rows})
    page, stylize, _ = both(clip)
    words = stylize.removeprefix(str(clip))
    assert "edit list" in words
    assert f"This clip{words}" in page


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("webm", {"codec": "libvpx", "sound": "libopus", "options": {"cluster_time_limit": "300"}}),
        ("mkv", {"bframes": 2, "ticks": [500 + 40 * n + n % 3 for n in range(50)]}),
        ("ts", {"bframes": 2}),
        ("mov", {"sound": "pcm_s16le"}),
    ],
)
def test_no_frame_is_lost_and_sound_is_on_time(both, tmp_path, ending, options):
    """A recorder's WebM says of no frame how long it lasts; the sound of WebM and MKV has a codec's delay."""
    clip = odd_clips.write(tmp_path / f"clip.{ending}", **options)
    page, stylize, remark = both(odd_clips.without_default_duration(clip) if ending == "webm" else clip)
    assert len(odd_clips.numbers_in(page)[0]) == 50
    assert "could be decoded" not in remark
    close(page, stylize)


def test_frames_that_are_never_shown_put_none_out_of_place(both, tmp_path):
    page, stylize, _ = both(odd_clips.with_invisible_frames(tmp_path / "clip.webm"))
    assert odd_clips.numbers_in(page)[1] == list(range(20))
    close(page, stylize, sound=False)


def colours(path, xs):
    """Levels in the middle of the third frame."""
    rgb = odd_clips.pictures_in(path)[2][1].astype(int)
    return np.array([rgb[rgb.shape[0] // 2, int(rgb.shape[1] * x)] for x in xs])


RED = (81, 90, 240)  # pure, in BT.601
VP9 = {"crf": "4", "b": "2M", "cpu-used": "8"}
VP8 = {"b": "2M", "cpu-used": "8", "auto-alt-ref": "0"}


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: odd_clips.plain(folder / "untagged.mp4", RED),
        lambda folder: odd_clips.plain(folder / "untagged.webm", RED, codec="libvpx", options=VP8),
        lambda folder: odd_clips.plain(folder / "untagged in hd.mp4", RED, size=(1280, 720)),
        lambda folder: odd_clips.plain(folder / "vp8.webm", RED, codec="libvpx", size=(1280, 720), options=VP8),
        lambda folder: odd_clips.restated(
            odd_clips.plain(
                folder / "own.webm", (76, 85, 255), codec="libvpx-vp9", options=VP9, tags={"color_range": 2}
            ),
            folder / "limited, it says.mp4",
            {"color_range": 1},
        ),
        lambda folder: odd_clips.plain(folder / "709.mp4", RED, tags={"colorspace": 1}),
        lambda folder: odd_clips.plain(folder / "full.mp4", (76, 85, 255), format="yuvj420p"),
        lambda folder: odd_clips.plain(folder / "full in hd.mp4", (76, 85, 255), format="yuvj420p", size=(1280, 720)),
        lambda folder: odd_clips.plain(folder / "tall.mp4", RED, size=(608, 1080)),
        lambda folder: odd_clips.ramp(folder / "pq.mp4", 16),
        lambda folder: odd_clips.ramp(folder / "hlg.mp4", 18),
        lambda folder: odd_clips.transparent(folder / "transparent.webm", "libvpx", "yuva420p", VP8),
    ],
    ids=[
        "untagged",
        "webm",
        "hd",
        "VP8 in hd",
        "VP9's range",
        "709",
        "full",
        "full in hd",
        "tall",
        "pq",
        "hlg",
        "transparent",
    ],
)
def test_the_page_paints_a_clips_colours_as_stylize_does(both, tmp_path, make):
    page, stylize, _ = both(make(tmp_path))
    xs = [(i + 0.5) / 8 for i in range(8) if i not in (2, 5)]  # away from the transparent clip's edges
    assert np.abs(colours(page, xs) - colours(stylize, xs)).max() <= 5  # both encode with loss


def test_a_turned_and_mirrored_clip(both, tmp_path):
    page, stylize, _ = both(odd_clips.turned(tmp_path / "clip.mp4", degrees=90, hflip=True))
    seen, expected = (odd_clips.pictures_in(path)[2][1].astype(int) for path in (page, stylize))
    assert seen.shape == expected.shape == (96, 64, 3)
    assert np.abs(seen - expected).mean() < 5


def test_a_frame_of_another_size_keeps_its_shape(both, tmp_path):
    page, stylize, _ = both(odd_clips.growing(tmp_path / "clip.webm", [(96, 64), (64, 96)], each=5))
    seen, expected = (odd_clips.pictures_in(path)[7][1].astype(int) for path in (page, stylize))
    assert seen[32, 4].max() < 10 < 240 < seen[32, 48].min()
    assert np.abs(seen - expected).mean() < 3


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("clip.ogv", {"codec": "libvpx", "sound": "libopus"}, "This is an Ogg file"),
        ("clip.avi", {"sound": "mp3"}, "This is an AVI file"),
        ("clip.mov", {"sound": "alac"}, "(Apple Lossless, ALAC) could not be kept"),
    ],
)
def test_what_the_browser_cannot_read_is_named(both, tmp_path, name, options, words):
    _, stylize, remark = both(odd_clips.write(tmp_path / name, 10, **options))
    assert words in remark
    assert odd_clips.numbers_in(stylize)[1] == list(range(10))


def test_a_picture_the_browser_cannot_decode_is_named(both, tmp_path):
    page, _, _ = both(odd_clips.transparent(tmp_path / "clip.mov", "prores_ks", "yuva444p10le"))
    assert "(Apple ProRes)" in page
