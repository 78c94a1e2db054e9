"""Record the scans of the devices: `python -m app.consume`."""

import asyncio
import json
import logging
import signal

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.database import get_engine
from app.models import Item, Scan
from app.settings import get_settings

log = logging.getLogger("app.consume")


def record(body: bytes) -> None:
    """Write a scan down, once however often it comes."""
    scan = json.loads(body)
    row = {"id": scan["id"], "item_id": scan["item"], "status": scan["status"]}
    with Session(get_engine()) as session:
        session.execute(insert(Scan).values(row).on_conflict_do_nothing())
        change = {"status": scan["status"], "changed_at": func.now()}
        session.execute(update(Item).where(Item.id == scan["item"]).values(change))
        session.commit()


async def on_message(message: AbstractIncomingMessage) -> None:
    """Record a scan, and give the message back where that fails."""
    async with message.process(requeue=True):
        await asyncio.to_thread(record, message.body)


async def main() -> None:
    """Consume until the process is told to end; the connection heals itself."""
    settings = get_settings()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    connection = await aio_pika.connect_robust(settings.amqp_url, reconnect_interval=1)
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=8)
        queue = await channel.get_queue(settings.scans_queue)
        await queue.consume(on_message)
        log.info("consuming %s", settings.scans_queue)
        await ended.wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
