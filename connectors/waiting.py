"""Waiting is handed in, like time: tests wait without sleeping."""

from collections.abc import Awaitable, Callable

Sleep = Callable[[float], Awaitable[None]]
"""Takes seconds."""
