import os

import nats


async def publish(subject: str, data: bytes) -> None:
    client = await nats.connect(
        f"nats://{os.environ['NATS_HOST']}:{os.environ['NATS_PORT']}",
        user=os.environ["NATS_USERNAME"],
        password=os.environ["NATS_PASSWORD"],
    )
    try:
        await client.publish(subject, data)
    finally:
        await client.drain()
