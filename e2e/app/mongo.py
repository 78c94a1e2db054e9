"""The front of the stand-in for MongoDB: users, roles and the replica set of the emitted object.

    mongo.py USERS.json HOST:PORT REPLICA-SET BACKEND-PORT [CERTIFICATES]

The server behind it (MongoStandIn.java) speaks the wire protocol and knows no users. This front
answers SCRAM-SHA-256 (RFC 7677), names the replica set, and allows each command by the privileges
that MongoDB's manual gives to the emitted roles. The rest goes through byte for byte.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import hashlib
import hmac
import json
import os
import ssl
import struct
import sys
from pathlib import Path
from typing import Any

import bson

Document = dict[str, Any]
OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
ROUNDS = 4096
READ = {"find", "listCollections", "listIndexes", "collStats", "dbStats"}
WRITE = {"insert", "update", "remove", "createIndex", "createCollection", "dropCollection"}
BUILT_IN = {"read": READ, "readWrite": READ | WRITE}
# Command to the actions that it needs.
NEEDS = {
    "find": {"find"},
    "aggregate": {"find"},
    "count": {"find"},
    "distinct": {"find"},
    "getMore": {"find"},
    "insert": {"insert"},
    "update": {"update"},
    "delete": {"remove"},
    "findAndModify": {"find", "update"},
    "findandmodify": {"find", "update"},
    "create": {"createCollection"},
    "createIndexes": {"createIndex"},
    "drop": {"dropCollection"},
    "listCollections": {"listCollections"},
    "listIndexes": {"listIndexes"},
}
OPEN = {"ping", "endSessions", "killCursors", "connectionStatus", "buildInfo", "buildinfo"}


class User:
    """A user with the verifiers of its password and its privileges."""

    def __init__(self, entry: Document) -> None:
        """Derive the keys."""
        self.name: str = entry["name"]
        self.privileges: list[tuple[str, str, set[str]]] = [
            (item["db"], item["collection"], set(item["actions"])) for item in entry["privileges"]
        ]
        self.salt = os.urandom(16)
        password = entry["password"].encode()
        salted = hashlib.pbkdf2_hmac("sha256", password, self.salt, ROUNDS)
        client = hmac.digest(salted, b"Client Key", "sha256")
        self.stored = hashlib.sha256(client).digest()
        self.server = hmac.digest(salted, b"Server Key", "sha256")

    def may(self, action: str, database: str, collection: str) -> bool:
        """Return whether one of its privileges covers this."""
        return any(
            db in ("", database) and where in ("", collection) and action in actions
            for db, where, actions in self.privileges
        )


class Refused(Exception):
    """A command that is answered with an error."""

    def __init__(self, code: int, name: str, text: str) -> None:
        """Keep what the answer says."""
        super().__init__(text)
        self.answer = {"ok": 0.0, "errmsg": text, "code": code, "codeName": name}


def authentication_failed() -> Refused:
    """Return the error of a wrong user or password."""
    return Refused(18, "AuthenticationFailed", "Authentication failed.")


class Conversation:
    """One SCRAM exchange."""

    def __init__(self, users: dict[str, User], message: bytes) -> None:
        """Take the client's first message."""
        text = message.decode()
        self.first = text.split(",", 2)[2]
        fields = dict(part.split("=", 1) for part in self.first.split(","))
        self.user = users.get(fields["n"].replace("=2C", ",").replace("=3D", "="))
        if self.user is None:
            raise authentication_failed()
        self.nonce = fields["r"] + base64.b64encode(os.urandom(18)).decode()
        salt = base64.b64encode(self.user.salt).decode()
        self.challenge = f"r={self.nonce},s={salt},i={ROUNDS}"
        self.proved = False

    def finish(self, message: bytes) -> bytes:
        """Check the client's proof; return the server's signature."""
        assert self.user is not None
        text = message.decode()
        if self.proved:
            return b""
        bare, _, proof = text.rpartition(",p=")
        fields = dict(part.split("=", 1) for part in bare.split(","))
        whole = f"{self.first},{self.challenge},{bare}".encode()
        signature = hmac.digest(self.user.stored, whole, "sha256")
        given = base64.b64decode(proof)
        client = bytes(a ^ b for a, b in zip(signature, given, strict=True))
        if fields["r"] != self.nonce or hashlib.sha256(client).digest() != self.user.stored:
            raise authentication_failed()
        self.proved = True
        final = hmac.digest(self.user.server, whole, "sha256")
        return b"v=" + base64.b64encode(final)


class Front:
    """The listener."""

    def __init__(self, users: dict[str, User], me: str, replica_set: str, backend: int) -> None:
        """Remember what the server is called."""
        self.users = users
        self.me = me
        self.replica_set = replica_set
        self.backend = backend

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        try:
            behind, to_behind = await asyncio.open_connection("127.0.0.1", self.backend)
        except ConnectionError:
            # A server that is not there yet refuses; it does not take a connection and keep silent.
            writer.close()
            return
        session = Session(self)
        try:
            while True:
                header, body = await read_message(reader)
                _, request, _, code = struct.unpack("<iiii", header)
                name, command, more = parse(code, body)
                try:
                    own = session.answer(name, command)
                except Refused as refused:
                    own = refused.answer
                if own is not None:
                    writer.write(reply(code, request, own))
                else:
                    to_behind.write(header + body)
                    await to_behind.drain()
                    if more:
                        continue
                    back, content = await read_message(behind)
                    writer.write(back + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            to_behind.close()

    def greeting(self, command: Document) -> Document:
        """Return what a primary answers to hello, with the mechanisms of the user asked for."""
        answer: Document = {
            "ismaster": True,
            "isWritablePrimary": True,
            "helloOk": True,
            "secondary": False,
            "setName": self.replica_set,
            "setVersion": 1,
            "hosts": [self.me],
            "primary": self.me,
            "me": self.me,
            "maxBsonObjectSize": 16 * 1024 * 1024,
            "maxMessageSizeBytes": 48_000_000,
            "maxWriteBatchSize": 100_000,
            "localTime": datetime.datetime.now(datetime.UTC),
            "minWireVersion": 0,
            # The newest that the server behind speaks.
            "maxWireVersion": 9,
            "ok": 1.0,
        }
        _, _, asked = command.get("saslSupportedMechs", "").partition(".")
        if asked in self.users:
            answer["saslSupportedMechs"] = ["SCRAM-SHA-256"]
        return answer


class Session:
    """Who a connection is."""

    def __init__(self, front: Front) -> None:
        """Start as nobody."""
        self.front = front
        self.user: User | None = None
        self.conversation: Conversation | None = None

    def answer(self, name: str, command: Document) -> Document | None:
        """Return the answer of the front, or None for what the server answers."""
        if name.lower() in ("hello", "ismaster"):
            return self.front.greeting(command)
        if name in OPEN:
            return None
        if name == "saslStart":
            if command["mechanism"] != "SCRAM-SHA-256":
                raise Refused(334, "MechanismUnavailable", "only SCRAM-SHA-256 is on")
            self.conversation = Conversation(self.front.users, bytes(command["payload"]))
            return self.step(self.conversation.challenge.encode(), False)
        if name == "saslContinue":
            assert self.conversation is not None
            payload = self.conversation.finish(bytes(command["payload"]))
            self.user = self.conversation.user
            return self.step(payload, True)
        if self.user is None:
            raise Refused(13, "Unauthorized", f"command {name} requires authentication")
        database = command.get("$db", "")
        collection = command.get("collection" if name == "getMore" else name, "")
        needs = set(NEEDS.get(name, {name}))
        if any(item.get("upsert") for item in command.get("updates", [])):
            needs.add("insert")
        where = collection if isinstance(collection, str) else ""
        if not all(self.user.may(action, database, where) for action in needs):
            text = f"not authorized on {database} to execute command {name}"
            raise Refused(13, "Unauthorized", text)
        return None

    def step(self, payload: bytes, done: bool) -> Document:
        """Return one step of the exchange."""
        return {"ok": 1.0, "conversationId": 1, "done": done, "payload": payload}


async def read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read the header and the body of a message."""
    header = await reader.readexactly(16)
    size = struct.unpack("<i", header[:4])[0]
    return header, await reader.readexactly(size - 16)


def parse(code: int, body: bytes) -> tuple[str, Document, bool]:
    """Return the command's name, its document, and whether no answer is wanted."""
    if code == OP_QUERY:
        end = body.index(b"\0", 4)
        size = struct.unpack_from("<i", body, end + 9)[0]
        command = bson.decode(body[end + 9 : end + 9 + size])
        return next(iter(command)), command, False
    if code != OP_MSG:
        raise ConnectionError(f"opcode {code}")
    flags = struct.unpack_from("<I", body)[0]
    command, at = {}, 4
    end = len(body) - (4 if flags & 1 else 0)
    while at < end:
        size = struct.unpack_from("<i", body, at + 1)[0]
        if body[at] == 0:
            command |= bson.decode(body[at + 1 : at + 1 + size])
        else:
            stop = body.index(b"\0", at + 5)
            name = body[at + 5 : stop].decode()
            command[name] = bson.decode_all(body[stop + 1 : at + 1 + size])
        at += 1 + size
    return next(iter(command)), command, bool(flags & 2)


def reply(code: int, request: int, document: Document) -> bytes:
    """Return an answer in the form in which the question came."""
    content = bson.encode(document)
    if code == OP_QUERY:
        body = struct.pack("<iqii", 8, 0, 0, 1) + content
        answer = OP_REPLY
    else:
        body = struct.pack("<IB", 0, 0) + content
        answer = OP_MSG
    return struct.pack("<iiii", 16 + len(body), request + 1, request, answer) + body


def users_of(spec: Document, passwords: dict[tuple[str, str], str]) -> list[Document]:
    """Return the users of a MongoDBCommunity with the privileges of their roles."""
    custom = {
        (role["db"], role["role"]): [
            {
                "db": item["resource"].get("db", ""),
                "collection": item["resource"].get("collection", ""),
                "actions": item["actions"],
            }
            for item in role["privileges"]
        ]
        for role in spec["security"].get("roles", [])
    }
    found = []
    for user in spec.get("users", []):
        privileges: list[Document] = []
        for role in user["roles"]:
            actions = BUILT_IN.get(role["name"])
            if actions is not None:
                privileges.append({"db": role["db"], "collection": "", "actions": sorted(actions)})
            else:
                # The roles of backups and monitoring are not played by any client here.
                privileges += custom.get((role["db"], role["name"]), [])
        reference = user["passwordSecretRef"]
        password = passwords[(reference["name"], reference.get("key", "password"))]
        found.append({"name": user["name"], "password": password, "privileges": privileges})
    return found


async def listen(front: Front, certificates: list[str]) -> None:
    """Listen on the port of MongoDB; with a folder of certificates, for those who encrypt."""
    secure = None
    for folder in certificates:
        secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        secure.load_cert_chain(f"{folder}/tls.crt", f"{folder}/tls.key")
    server = await asyncio.start_server(front.serve, "0.0.0.0", 27017, ssl=secure)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve the users of the file."""
    entries = json.loads(Path(sys.argv[1]).read_text())
    users = {entry["name"]: User(entry) for entry in entries}
    front = Front(users, sys.argv[2], sys.argv[3], int(sys.argv[4]))
    asyncio.run(listen(front, sys.argv[5:]))


if __name__ == "__main__":
    main()
