"""What is told to others: one connection of this process, which heals itself."""

import asyncio
import json
from functools import lru_cache
from typing import Annotated, Any

import aio_pika
from aio_pika.abc import AbstractExchange, AbstractRobustConnection
from aio_pika.exceptions import AMQPError
from fastapi import Depends

from app.settings import get_settings


class Publisher:
    """The exchange; its connection is made with the first message."""

    def __init__(self) -> None:
        """Connect to nothing yet."""
        self.lock = asyncio.Lock()
        self.connection: AbstractRobustConnection | None = None
        self.exchange: AbstractExchange | None = None

    async def publish(self, routing_key: str, body: dict[str, Any]) -> bool:
        """Return whether the broker has confirmed a message."""
        message = aio_pika.Message(
            json.dumps(body).encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT
        )
        try:
            async with asyncio.timeout(3):
                exchange = await self.connect()
                await exchange.publish(message, routing_key)
        except (AMQPError, OSError, RuntimeError):
            return False
        return True

    async def connect(self) -> AbstractExchange:
        """Return the exchange, of the one connection."""
        settings = get_settings()
        async with self.lock:
            if self.connection is None:
                url = settings.amqp_url
                self.connection = await aio_pika.connect_robust(url, reconnect_interval=1)
            if self.exchange is None:
                channel = await self.connection.channel(publisher_confirms=True)
                name = settings.scans_exchange
                self.exchange = await channel.get_exchange(name, ensure=False)
            return self.exchange

    async def close(self) -> None:
        """Close the connection, where there is one."""
        if self.connection is not None:
            await self.connection.close()


@lru_cache
def get_bus() -> Publisher:
    """Return the one publisher of this process."""
    return Publisher()


Bus = Annotated[Publisher, Depends(get_bus)]
