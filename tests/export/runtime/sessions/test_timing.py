"""Calls timed in turn, by a clock driven by hand."""

from impasto.export.runtime.sessions import timing


def test_calls_take_turns_and_the_first_round_does_not_count(monkeypatch):
    clock, order = [0.0], []
    costs = {"a": iter((9.0, 0.001, 0.002)), "b": iter((9.0, 0.005, 0.004))}
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])

    def call(name):
        def one():
            order.append(name)
            clock[0] += next(costs[name])

        return one

    times = timing.interleaved({name: call(name) for name in costs}, rounds=2)
    assert order == ["a", "b"] * 3
    assert {name: [round(t, 6) for t in found] for name, found in times.items()} == {"a": [1, 2], "b": [5, 4]}


def test_no_calls_or_no_rounds_give_no_times():
    assert timing.interleaved({}, 3) == {}
    assert timing.interleaved({"a": lambda: None}, 0) == {"a": []}
