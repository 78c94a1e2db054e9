"""Take orders: `python -m app.consume`."""

import asyncio
from pathlib import Path

from src import deps


async def placed(message: deps.Message) -> None:
    """Take one."""
    print(message.json())


if __name__ == "__main__":
    Path("/tmp/alive").touch()
    asyncio.run(deps.consume(deps.queue("orders"), placed))
