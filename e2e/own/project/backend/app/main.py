"""The API: `uvicorn app.main:app`."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.staticfiles import StaticFiles

from app.bus import get_bus
from app.database import get_engine
from app.routers import items, login, users
from app.settings import get_settings

STATIC = Path(__file__).parent / "static"


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Close bus and engine with the application."""
    yield
    await get_bus().close()
    get_engine().dispose()


app = FastAPI(title="Depot", version="1.4.0", lifespan=lifespan)
app.add_middleware(
    CORSMiddleware,
    allow_origins=get_settings().cors_origins,
    allow_credentials=True,
    allow_methods=["*"],
    allow_headers=["*"],
)


@app.middleware("http")
async def add_process_time(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Say how long a request took."""
    begun = time.perf_counter()
    response = await call_next(request)
    response.headers["X-Process-Time"] = f"{time.perf_counter() - begun:.6f}"
    return response


app.include_router(login.router)
app.include_router(users.router)
app.include_router(items.router)
app.mount("/", StaticFiles(directory=STATIC, html=True))
