"""Pages: `uvicorn plain.main:app`."""

import time

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def home(_: Request) -> PlainTextResponse:
    """Greet."""
    return PlainTextResponse("hello")


app = Starlette(routes=[Route("/", home), Route("/webhooks/paid", home, methods=["POST"])])

if __name__ == "__main__":
    while True:
        time.sleep(60)
