"""Slots of the live painter: order, bounds, positions."""

import asyncio

import pytest

from impasto.webapp.hosting.live_slots import Full, LiveSlots


def positions(queue):
    """Every position said so far; the last counts."""
    said = []
    while not queue.empty():
        said.append(queue.get_nowait())
    return said


def test_first_come_first_served():
    async def scenario():
        slots = LiveSlots(1, 2)
        first, second, third = slots.enter(), slots.enter(), slots.enter()
        assert [positions(queue)[-1] for queue in (first, second, third)] == [0, 1, 2]
        with pytest.raises(Full):
            slots.enter()
        slots.leave(first)
        assert [positions(queue)[-1] for queue in (second, third)] == [0, 1]
        slots.leave(second)
        slots.leave(third)
        assert positions(slots.enter()) == [0]

    asyncio.run(scenario())


def test_who_leaves_the_line_moves_the_others_up():
    async def scenario():
        slots = LiveSlots(1, 5)
        first, second, third = slots.enter(), slots.enter(), slots.enter()
        positions(third)
        slots.leave(second)
        assert positions(third) == [1]
        slots.leave(first)
        assert positions(third) == [0]
        assert slots.taken == 1

    asyncio.run(scenario())
