"""Routes, over a database in memory."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import StaticPool, create_engine
from sqlalchemy.orm import Session

from app.bus import get_bus
from app.database import get_session
from app.models import Base


class Silent:
    """A bus that takes everything."""

    async def publish(self, routing_key: str, body: dict[str, object]) -> bool:
        """Take a message."""
        return routing_key.startswith("scan.") and body["item"] == 1


@pytest.fixture
def client() -> Iterator[TestClient]:
    """Return a client of an application without servers."""
    from app.main import app

    engine = create_engine(
        "sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool
    )
    Base.metadata.create_all(engine)

    def session() -> Iterator[Session]:
        with Session(engine) as opened:
            yield opened

    app.dependency_overrides = {get_session: session, get_bus: Silent}
    yield TestClient(app)
    app.dependency_overrides = {}


def test_an_item_from_registration_to_scan(client: TestClient) -> None:
    """A user registers, logs in, announces an item, and a device sees it."""
    new = {"email": "ada@example.com", "password": "open sesame"}
    assert client.post("/users", json=new).status_code == 201
    assert client.post("/users", json=new).json() == {"detail": {"code": "email_taken"}}
    form = {"username": new["email"], "password": new["password"]}
    token = client.post("/login", data=form).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    assert client.post("/items", json={"name": "lamp"}).json()["status"] == "announced"
    assert [item["name"] for item in client.get("/items").json()] == ["lamp"]
    scan = {"id": "2c1a9df1-6f3e-4f0e-9f57-0f8f3b8f4a11", "status": "stored"}
    assert client.post("/items/1/scans", json=scan).status_code == 202
    assert client.post("/items/2/scans", json=scan).status_code == 503


def test_a_stranger_sees_the_page_alone(client: TestClient) -> None:
    """The page is for everybody, items are not."""
    assert "<title>Depot</title>" in client.get("/").text
    assert client.get("/items").status_code == 401
