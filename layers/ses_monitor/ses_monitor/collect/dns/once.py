"""Each thing asked once, however many want to know it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Once(Generic[K, V]):
    """Results by key, for the length of one run; those who ask while it is being found out wait for the same one."""

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Future[V]] = {}

    def know(self, key: K, value: V) -> None:
        """Put in what is known already."""
        known: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        known.set_result(value)
        self._tasks.setdefault(key, known)

    async def get(self, key: K, find_out: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Return what is known of `key`; the first to ask finds it out."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.ensure_future(find_out())
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """Cancel what is still being found out and wait until it has ended."""
        running = [task for task in self._tasks.values() if not task.done()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
