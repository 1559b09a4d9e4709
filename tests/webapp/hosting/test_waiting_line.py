"""The waiting line: order, bounds, places told."""

import asyncio

import pytest

from impasto.models.errors import BadInput
from impasto.webapp.hosting.waiting_line import Refused, WaitingLine


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


def test_first_come_first_served_two_at_once():
    async def scenario():
        line, order, most = WaitingLine(2, 20, 20), [], 0

        async def job(number):
            nonlocal most
            async with line.place(f"client {number}"):
                order.append(number)
                most = max(most, len(line.running))
                await asyncio.sleep(0.001)

        await asyncio.gather(*(job(number) for number in range(8)))
        assert order == list(range(8))
        assert most == 2
        assert not line.running
        assert not line.waiting

    run(scenario())


def test_places_are_told_as_the_line_moves_and_a_cancelled_job_steps_out():
    async def scenario():
        line, told, stop = WaitingLine(1, 20, 20), {}, asyncio.Event()

        async def job(name):
            async with line.place(name, lambda place: told.setdefault(name, []).append(place)):
                await stop.wait()

        tasks = {}
        for name in "abcd":
            tasks[name] = asyncio.create_task(job(name))
            await settle()
        tasks["b"].cancel()
        await settle()
        tasks["a"].cancel()
        await settle()
        assert "a" not in told
        assert told["c"][0] == 2
        assert told["c"][-1] == 1
        assert told["d"][0] == 3
        assert told["d"][-1] == 1
        assert len(line.running) == 1
        stop.set()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        assert not line.running

    run(scenario())


def test_a_client_has_only_so_many_and_the_line_only_so_much_room():
    async def scenario():
        line, stop = WaitingLine(1, 2, 2), asyncio.Event()

        async def job(client):
            async with line.place(client):
                await stop.wait()

        tasks = [asyncio.create_task(job("a")), asyncio.create_task(job("a"))]
        await settle()
        with pytest.raises(BadInput, match="You have 2 jobs here already"):
            await job("a")
        tasks.append(asyncio.create_task(job("b")))
        await settle()
        with pytest.raises(BadInput, match="Too many people"):
            await job("c")
        stop.set()
        await asyncio.gather(*tasks)
        await job("a")

    run(scenario())


def test_a_job_that_fails_gives_its_place_back():
    async def scenario():
        line = WaitingLine(1, 1, 1)
        with pytest.raises(ZeroDivisionError):
            async with line.place("a"):
                raise ZeroDivisionError
        async with line.place("a"):
            assert len(line.running) == 1

    run(scenario())


def test_all_clients_of_one_address_have_an_end_together():
    async def scenario():
        line, stop = WaitingLine(1, 9, 2, per_address=3), asyncio.Event()

        async def job(client, address):
            async with line.place(client, address=address):
                await stop.wait()

        tasks = [asyncio.create_task(job(f"client {number}", "192.0.2.1")) for number in range(3)]
        await settle()
        with pytest.raises(Refused, match="of your network") as refused:
            await job("client 4", "192.0.2.1")
        assert refused.value.why == "jobs"
        tasks.append(asyncio.create_task(job("client 4", "192.0.2.2")))
        await settle()
        assert len(line.running) + len(line.waiting) == 4
        stop.set()
        await asyncio.gather(*tasks)

    run(scenario())
