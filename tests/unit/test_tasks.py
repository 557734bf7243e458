import asyncio

from sidecar.tasks import end


async def test_a_task_whose_cancellation_was_taken_is_cancelled_again(monkeypatch):
    monkeypatch.setattr("sidecar.tasks._AGAIN", 0.01)
    taken = []

    async def stubborn():
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                taken.append(1)
                if len(taken) == 3:
                    raise

    task = asyncio.ensure_future(stubborn())
    await asyncio.sleep(0)
    await asyncio.wait_for(end(task), 5)
    assert (task.cancelled(), len(taken)) == (True, 3)


async def test_what_they_raised_is_dropped_and_those_that_are_done_are_left():
    async def broken():
        raise RuntimeError

    async def whole():
        return 1

    tasks = [asyncio.ensure_future(each()) for each in (broken, whole)]
    await asyncio.sleep(0)
    await end(*tasks)
    assert tasks[1].result() == 1
