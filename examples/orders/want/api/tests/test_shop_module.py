"""The shop, without its backends."""

from unittest.mock import AsyncMock, Mock

from fastapi.testclient import TestClient

from src.deps import database, publisher, task_sender
from src.main import create_app


def test_an_order_is_announced(key_headers: dict[str, str]) -> None:
    """What is placed is stored, announced and followed up."""
    orders, shop, tasks = AsyncMock(), AsyncMock(), Mock()
    app = create_app()
    app.dependency_overrides[database("orders")] = lambda: orders
    app.dependency_overrides[publisher("shop")] = lambda: shop
    app.dependency_overrides[task_sender()] = lambda: tasks
    with TestClient(app, headers=key_headers) as client:
        answer = client.post("/api/v1/shop/orders", json={"customer": "Ada", "pieces": 2})
    assert answer.status_code == 201
    orders.run.assert_awaited_once()
    assert shop.publish.await_args.args == (answer.json(), "order.placed")
    assert tasks.send.call_args.args == ("shop.follow_up", answer.json()["id"])
