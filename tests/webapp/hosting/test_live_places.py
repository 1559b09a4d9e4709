import asyncio

import pytest

from impasto.webapp.hosting.live_places import Full, Places


def told(queue):
    """Everything said so far; the last word counts."""
    words = []
    while not queue.empty():
        words.append(queue.get_nowait())
    return words


def test_first_come_first_served():
    async def scene():
        places = Places(1, 2)
        first, second, third = places.ask(), places.ask(), places.ask()
        assert [told(q)[-1] for q in (first, second, third)] == [0, 1, 2]
        with pytest.raises(Full):
            places.ask()
        places.leave(first)
        assert [told(q)[-1] for q in (second, third)] == [0, 1]
        places.leave(second)
        places.leave(third)
        assert told(places.ask()) == [0]

    asyncio.run(scene())


def test_who_leaves_the_line_moves_the_others_up():
    async def scene():
        places = Places(1, 5)
        first, second, third = places.ask(), places.ask(), places.ask()
        told(third)
        places.leave(second)
        assert told(third) == [1]
        places.leave(first)
        assert told(third) == [0]
        assert places.taken == 1

    asyncio.run(scene())
