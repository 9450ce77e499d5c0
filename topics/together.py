"""Several consumers in one process: they run together, and are ready together."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

_READY_LOOK_SECONDS = 0.05


class Joining(Protocol):
    """What takes a while to become a member of its group."""

    @property
    def ready(self) -> bool: ...


async def together(running: Sequence[Coroutine[Any, Any, None]], stop: asyncio.Event) -> None:
    """All until told to stop. When one ends by itself, the others finish what they have in hand."""
    tasks = [asyncio.create_task(one) for one in running]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await asyncio.gather(*tasks)


async def tell_ready(inboxes: Sequence[Joining], on_ready: Callable[[], None]) -> None:
    """Once all have joined."""
    while not all(inbox.ready for inbox in inboxes):
        await asyncio.sleep(_READY_LOOK_SECONDS)
    on_ready()
