"""Clips painted in the browser, chosen or dropped: they come back as MP4, every frame at its time, with their sound."""

import base64
from fractions import Fraction

import av
import numpy as np
import pytest
from playwright.sync_api import expect

SECOND = 1000  # playwright counts milliseconds
WIDTH, HEIGHT, FRAMES = 96, 64, 20
TICK = 1 / 57_600  # seconds: the clock of the MP4 that the browser writes
# Keeps every encoder and decoder the page makes, to see whether they are closed in the end, and counts the frames.
WATCH = """
window.coders = [];
window.encoded = 0;
for (const name of ["VideoDecoder", "VideoEncoder", "AudioDecoder", "AudioEncoder"])
    window[name] = class extends window[name] {
        constructor(...rest) { super(...rest); window.coders.push(this); }
        encode(...rest) { window.encoded += 1; super.encode(...rest); }
    };
"""


@pytest.fixture(scope="module")
def visit(browser, static_site):
    """The page, opened once for all tests, so that the model is loaded once."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(60 * SECOND)
    page.goto(static_site)
    expect(page.locator("body[data-ready]")).to_be_attached()  # files can be put even where a person cannot choose yet
    yield page
    context.close()


@pytest.fixture
def page(visit):
    yield visit
    dialog = visit.locator("dialog#clip")
    if dialog.is_visible():
        visit.keyboard.press("Escape")
        expect(dialog).to_be_hidden()


def pictures(count=FRAMES):
    """Smooth pictures that move, uint8 RGB."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    for n in range(count):
        wave = 127 + 100 * np.sin((x + 2 * y) / 9 + n / 3)
        yield np.stack([wave, x * 255 / WIDTH, y * 255 / HEIGHT], -1).astype(np.uint8)


def write(path, *, codec="libx264", sound="aac", ticks=range(FRAMES), tick=Fraction(1, 25), rotation=None):
    """A clip with a tone of 440 Hz as long as 20 frames at 25 a second; `ticks`: the frames' times."""
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=25, options={"bf": "0"} if codec == "libx264" else {"cpu-used": "8"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.time_base = video.codec_context.time_base = tick
        if rotation is not None:
            video.set_display_rotation(degrees=rotation)
        audio = container.add_stream(sound, rate=48000) if sound else None
        for when, rgb in zip(ticks, pictures(len(ticks)), strict=True):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = when, tick
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for n in range(FRAMES if audio else 0):
            tone = (9000 * np.sin(2 * np.pi * 440 * (np.arange(1920) + n * 1920) / 48000)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(tone[None], "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, n * 1920, Fraction(1, 48000)
            container.mux(audio.encode(frame))
        if audio:
            container.mux(audio.encode(None))
    return path


def begin(page, path, side=480):
    """Choose a clip and start painting it."""
    page.locator("#use-clip").set_input_files(str(path))
    start(page, side)


def start(page, side=480):
    dialog = page.locator("dialog#clip")
    dialog.locator("#clip-size").select_option(str(side))
    dialog.get_by_role("button", name="Paint").click()


def finish(page, path):
    """Wait for the painting and download it."""
    link = page.locator("dialog#clip").get_by_role("link", name="Download")
    expect(link).to_be_visible(timeout=240 * SECOND)
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename.endswith(".mp4")
    download.value.save_as(path)
    return path


def frames(path):
    """Times in seconds, and the frames as RGB."""
    with av.open(str(path)) as container:
        found = [(float(f.pts * f.time_base), f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    return np.array([when for when, _ in found]), np.stack([rgb for _, rgb in found])


def sound_packets(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def loudest_hertz(path):
    """The strongest frequency of the decoded sound, and its length in seconds."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("flt", "mono", 48000)
        parts = [out.to_ndarray()[0] for frame in container.decode(stream) for out in resampler.resample(frame)]
    samples = np.concatenate(parts)
    return np.abs(np.fft.rfft(samples)).argmax() * 48000 / len(samples), len(samples) / 48000


def all_closed(page):
    page.wait_for_function("coders.length > 0 && coders.every((coder) => coder.state === 'closed')")


@pytest.mark.parametrize(
    ("name", "options"),
    [("clip.mp4", {}), ("clip.webm", {"codec": "libvpx-vp9", "sound": "libopus"})],
)
def test_a_clip_comes_back_painted_with_its_sound_untouched(page, tmp_path, name, options):
    clip = write(tmp_path / name, **options)
    begin(page, clip)
    painted = finish(page, tmp_path / "painted.mp4")
    times, before = frames(clip)
    painted_times, after = frames(painted)
    assert len(painted_times) == FRAMES
    assert after.shape == before.shape
    assert np.abs(painted_times - times).max() <= TICK
    assert np.abs(before.astype(float) - after).mean() > 10  # painted
    assert after.std() > 10  # something is to be seen
    assert sound_packets(painted) == sound_packets(clip)
    all_closed(page)


def test_a_clip_is_painted_in_order_and_told_to_begin(page, tmp_path):
    """The painter is told once that a new clip begins: then every frame follows on the one before."""
    page.evaluate(
        """() => {
            globalThis.told = [];
            const { reset, paint } = impasto.engine;
            impasto.engine.reset = () => (told.push("reset"), reset());
            impasto.engine.paint = (frame, size) => (told.push(frame.timestamp), paint(frame, size));
        }"""
    )
    begin(page, write(tmp_path / "clip.mp4"))
    finish(page, tmp_path / "painted.mp4")
    told = page.evaluate("told")
    stamps = told[len(told) - told[::-1].index("reset") :]  # before that, a frame was painted as a preview
    assert len(stamps) == FRAMES
    assert stamps == sorted(stamps)


def drop(page, clip):
    page.evaluate(
        """([data, name]) => {
            const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name, { type: "video/mp4" }));
            for (const kind of ["dragenter", "dragover", "drop"])
                document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true }));
        }""",
        [base64.b64encode(clip.read_bytes()).decode(), clip.name],
    )


def test_a_dropped_clip_keeps_uneven_times(page, tmp_path):
    ticks = [0, 40, 50, 190, 333, 334, 700, *(800 + 33 * n for n in range(FRAMES - 7))]
    clip = write(tmp_path / "clip.mp4", ticks=ticks, tick=Fraction(1, 1000))
    drop(page, clip)
    start(page)
    times, _ = frames(finish(page, tmp_path / "painted.mp4"))
    assert np.abs(times - np.array(ticks) / 1000).max() <= TICK


def test_another_clip_takes_the_place_of_the_one_before(page, tmp_path):
    dialog = page.locator("dialog#clip")
    drop(page, write(tmp_path / "first.mp4", ticks=range(1000)))
    start(page)
    drop(page, write(tmp_path / "second.mp4"))
    page.locator("dialog#ask").get_by_role("button", name="Stop").click()  # the first is not lost without a word
    expect(dialog).to_contain_text("second.mp4")
    start(page)
    assert len(frames(finish(page, tmp_path / "painted.mp4"))[0]) == FRAMES


def test_sound_that_mp4_players_do_not_know_is_encoded_again(page, tmp_path):
    clip = write(tmp_path / "clip.mov", sound="pcm_s16le")
    begin(page, clip)
    painted = finish(page, tmp_path / "painted.mp4")
    with av.open(str(painted)) as container:
        assert container.streams.audio[0].codec_context.name in ("aac", "opus", "libopus")
    hertz, seconds = loudest_hertz(painted)
    assert hertz == pytest.approx(440, abs=3)
    assert seconds == pytest.approx(FRAMES / 25, abs=0.06)


@pytest.fixture(scope="module")
def without_sound_coders(browser, static_site):
    """The page in a browser that codes pictures, but no sound: Safari before 26."""
    context = browser.new_context(accept_downloads=True)
    context.add_init_script("for (const name of ['AudioDecoder', 'AudioEncoder', 'AudioData']) delete window[name];")
    page = context.new_page()
    page.set_default_timeout(60 * SECOND)
    page.goto(static_site)
    expect(page.locator("body[data-ready]")).to_be_attached()
    yield page
    context.close()


def test_without_sound_coders_sound_is_kept_as_it_is(without_sound_coders, tmp_path):
    page = without_sound_coders
    clip = write(tmp_path / "clip.mp4")
    begin(page, clip)
    painted = finish(page, tmp_path / "painted.mp4")
    assert len(frames(painted)[0]) == FRAMES
    assert sound_packets(painted) == sound_packets(clip)
    page.locator("dialog#clip").get_by_role("button", name="Close").click()

    begin(page, write(tmp_path / "clip.mov", sound="alac"))
    painted = finish(page, tmp_path / "painted.mp4")
    expect(page.locator("dialog#clip")).to_contain_text("could not be kept: this browser cannot decode it")
    with av.open(str(painted)) as container:
        assert not container.streams.audio


def test_a_phones_clip_is_turned_upright_and_made_smaller(page, tmp_path):
    clip = write(tmp_path / "clip.mp4", rotation=90, sound=None)
    begin(page, clip)
    with av.open(str(finish(page, tmp_path / "painted.mp4"))) as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height, frame.rotation) == (HEIGHT, WIDTH, 0)


def test_cancelling_leaves_nothing_running(page, tmp_path):
    clip = write(tmp_path / "clip.mp4", ticks=range(1000))
    page.evaluate("encoded = 0")
    begin(page, clip)
    dialog = page.locator("dialog#clip")
    expect(dialog.get_by_text("left")).to_be_visible(timeout=120 * SECOND)  # under way: it tells the time left
    page.keyboard.press("Escape")  # asked, and no is the answer that is at hand
    question = page.locator("dialog#ask")
    expect(question).to_contain_text("What has been painted of it is lost.")
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    question.get_by_role("button", name="Stop").click()
    expect(dialog).to_be_hidden()
    all_closed(page)
    assert 0 < page.evaluate("encoded") < 1000

    begin(page, write(tmp_path / "next.mp4"))  # and the painter is free for another one
    assert len(frames(finish(page, tmp_path / "painted.mp4"))[0]) == FRAMES


def test_what_is_no_clip_is_refused_in_words(page, tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"not a clip" * 100)
    page.locator("#use-clip").set_input_files(str(path))  # at once, before anything is chosen
    expect(page.locator("dialog#clip")).to_contain_text("no clip that the browser can read")


def test_a_clip_cut_short_is_refused_in_words(page, tmp_path):
    path = write(tmp_path / "clip.mp4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    page.locator("#use-clip").set_input_files(str(path))
    expect(page.locator("dialog#clip")).to_contain_text("damaged")
