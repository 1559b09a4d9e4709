"""The tool itself: a visit of seconds adds up, and what does not is said."""

from . import soak, visitors


def test_a_short_visit_adds_up(tmp_path):
    visits = (visitors.read_pages, visitors.live_page, visitors.call_without_session)
    found = soak.soak(0.15, tmp_path, visits, quiet=1.0)
    files_kept = "temporary files"  # of callers without a session, for the shortest time that can be set: a minute
    too_short = "memory grew"
    assert [fault for fault in found["faults"] if files_kept not in fault and too_short not in fault] == []
    assert found["counts"]["pages"] >= len(visitors.PAGES)
    assert found["counts"]["live"] > 0
    assert found["metrics"]["impasto_live_sessions"] == 0


def sample(minute, mb):
    return {"minute": minute, "mb": mb, "descriptors": 10, "files": 3}


def judged(**changes):
    found = {
        "minutes": 60.0,
        "rest": sample(0, 200),
        "after": sample(60, 300),
        "samples": [sample(minute, 300) for minute in range(61)],
        "counts": {"clip": 48},
        "metrics": {'impasto_frames_painted_total{kind="clip"}': 48.0},
        "faults": [],
        "errors": [],
        "left": [],
    }
    return soak._judged({**found, **changes})["faults"]


def test_what_does_not_add_up_is_said():
    assert judged() == []
    growing = [sample(minute, 300 + minute / 2) for minute in range(61)]
    assert judged(samples=growing) == ["memory grew from 304 MB to 330 MB"]
    assert judged(counts={"clip": 47}) == ["48 frames of kind clip are counted, 47 were given"]
    assert judged(after={**sample(60, 300), "files": 4}) == ["4 temporary files, 3 at rest"]
    assert judged(after={**sample(60, 300), "descriptors": 99}) == ["99 descriptors, 10 at rest"]
    assert judged(counts={"clip": 48, "wrong answers": 2}) == ["2 times: wrong answers"]
    assert judged(errors=["logged: x"]) == ["logged: x"]
    assert judged(metrics={'impasto_frames_painted_total{kind="clip"}': 48.0, "impasto_jobs_running": 1.0}) == [
        "impasto_jobs_running is 1 where nobody is left"
    ]
