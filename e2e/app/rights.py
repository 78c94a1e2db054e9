"""Least privilege on the server itself: each identity with a raw driver, beside the application."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import ssl
import urllib.error
import urllib.parse
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import aio_pika
import psycopg2
import psycopg2.errors
import pymongo
import pymongo.errors
import redis
import redis.exceptions
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from aiokafka.structs import TopicPartition
from minio import Minio as S3
from minio.error import S3Error
from redis.backoff import NoBackoff
from redis.retry import Retry

from application import Application, Link, Resource, true
from providers import Kafka, Minio, Postgresql, Provider, Rabbitmq
from waiting import CALL, Failure

FOREIGN = "platc-e2e-foreign"
# Refusals are what is looked for.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def refused(what: str, call: Callable[[], object], *errors: type[BaseException]) -> None:
    """Demand that a call is refused with one of these errors."""
    try:
        call()
    except errors:
        return
    raise Failure(f"{what} is not refused")


class Rights:
    """The identities of one application."""

    def __init__(self, application: Application, providers: dict[str, Provider]) -> None:
        """Keep both."""
        self.app = application
        self.providers = providers

    def prove(self) -> list[str]:
        """Prove every identity; return what was tried, for the report."""
        tried = []
        for link in self.app.links:
            prove = getattr(self, link.kind, None)
            if prove is not None:
                prove(link)
                tried.append(f"{link.kind} {link.component}")
        return tried

    # --- PostgreSQL -----------------------------------------------------------------------------

    def postgresql(self, link: Link) -> None:
        """Roles of a server."""
        server = self.providers[link.component]
        assert isinstance(server, Postgresql)
        for item in link.resources:
            _, user, password, own = item.record
            login = {
                "user": user,
                "password": password,
                "sslmode": link.values.get("SSLMODE", "prefer"),
                # libpq verifies a server as soon as it is told an authority
                "sslrootcert": os.environ["SSL_CERT_FILE"] if "CA_FILE" in link.values else "",
            }
            for database in server.databases():
                if database != own:
                    refused(
                        f"{user} connects to {database}",
                        partial(server.connect, database, **login),
                        psycopg2.OperationalError,
                    )
            refused(
                f"{user} with a wrong password",
                partial(server.connect, own, **{**login, "password": "x"}),
                psycopg2.OperationalError,
            )
            connection = server.connect(own, **login)
            try:
                self.statements(item, connection)
            finally:
                connection.close()

    cnpg = postgresql

    def statements(self, item: Resource, connection: Any) -> None:
        """What one role may do in its database."""

        def run(text: str) -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(text)
                return cursor.fetchall() if cursor.description else []

        number = uuid.uuid4()
        reading = ("SELECT * FROM app.items LIMIT 1", "SELECT payload FROM app.items LIMIT 1")
        writing = (
            f"INSERT INTO app.items (id, name) VALUES ('{number}', '{number}')",
            f"UPDATE app.items SET payload = '{{}}' WHERE id = '{number}'",
            f"DELETE FROM app.items WHERE id = '{number}'",
        )
        denied = psycopg2.errors.InsufficientPrivilege
        for texts, allowed in ((reading, item.reads), (writing, item.writes)):
            for text in texts:
                if allowed:
                    run(text)
                else:
                    refused(f"{item.record[1]}: {text}", partial(run, text), denied)
        temporary = "CREATE TEMPORARY TABLE scratch (id int)"
        if item.writes:
            run(temporary)
        else:
            refused(f"{item.record[1]}: {temporary}", partial(run, temporary), denied)
        true("the schema app is looked at first", run("SHOW search_path") == [("app, public",)])
        owner = run("SELECT current_user <> session_user") == [(True,)]
        if owner:
            self.owned(run)
        making = (
            "CREATE TABLE app.other (id int)",
            "CREATE TABLE public.other (id int)",
            "CREATE SCHEMA other",
            "ALTER TABLE app.items ADD COLUMN other int",
            "TRUNCATE app.items",
            "DROP TABLE app.items",
        )
        for text in (
            *(() if owner else making),
            "CREATE ROLE other",
            "CREATE DATABASE other",
            "SELECT rolpassword FROM pg_authid",
            "SELECT pg_read_file('PG_VERSION')",
            "COPY app.items TO PROGRAM 'true'",
            "SELECT lo_creat(-1)",
            "SELECT lo_create(0)",
            "SELECT lo_from_bytea(0, 'x')",
            "SELECT lo_put(1, 0, 'x')",
            "SELECT lo_import('PG_VERSION')",
            "SET lo_compat_privileges = on",
        ):
            refused(f"{item.record[1]}: {text}", partial(run, text), denied)
        others = run(
            "SELECT rolname FROM pg_roles WHERE rolname <> session_user"
            " AND NOT pg_has_role(session_user, oid, 'MEMBER')"
        )
        true("there is a role that it is no member of", others)
        for (name,) in others:
            refused(f"SET ROLE {name}", partial(run, f'SET ROLE "{name}"'), denied)
        # Whoever owns the database is in pg_database_owner, which is what owning it means.
        owning = " AND rolname <> 'pg_database_owner'" if owner else ""
        member = run(
            "SELECT count(*) FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER')"
            " AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication"
            f" OR rolname LIKE 'pg\\_%%'{owning})"
        )
        true(f"{item.record[1]} is a member of a powerful role", member == [(0,)])

    @staticmethod
    def owned(run: Callable[[str], list[tuple[Any, ...]]]) -> None:
        """What an owner makes belongs to its group, and readers and writers have their rights."""
        name = f"made_{uuid.uuid4().hex}"
        run(f"CREATE TABLE {name} (id int)")
        made = f"FROM pg_tables WHERE schemaname = 'app' AND tablename = '{name}'"
        true("a table is the group's", run(f"SELECT tableowner = current_user {made}") == [(True,)])
        readers = "SELECT count(*) FROM information_schema.role_table_grants"
        rows = run(f"{readers} WHERE table_name = '{name}' AND grantee LIKE '%\\_read'")
        true("readers may read it", rows == [(1,)])
        run(f"ALTER TABLE {name} ADD COLUMN more int")
        run(f"DROP TABLE {name}")

    # --- RabbitMQ -------------------------------------------------------------------------------

    def rabbitmq(self, link: Link) -> None:
        """The user of a broker."""
        server = self.providers[link.component]
        assert isinstance(server, Rabbitmq)
        values = link.values
        user = values["USER"]
        refused(
            f"{user} at the management API",
            lambda: server.management((user, values["PASSWORD"]), "GET", "/overview"),
            urllib.error.HTTPError,
        )
        vhost = values["VHOST"]
        server.api("PUT", f"/vhosts/{FOREIGN}", {})
        there = [queue["name"] for queue in server.api("GET", "/queues")]
        exchanges = [item["name"] for item in server.api("GET", "/exchanges")]
        asyncio.run(self.channels(link, there, exchanges, vhost))

    async def channels(
        self, link: Link, queues: list[str], exchanges: list[str], vhost: str
    ) -> None:
        """What the user may do on a channel."""
        access = {(item.kind, item.name): item for item in link.resources}
        own = f"{self.app.environment['APP_NAME']}.queues"
        values = link.values

        async def connect(where: str, password: str) -> aio_pika.abc.AbstractConnection:
            return await aio_pika.connect(
                host=values["HOST"],
                port=int(values["PORT"]),
                login=values["USER"],
                password=password,
                virtualhost=where,
                timeout=CALL,
                ssl="TLS" in values,
            )

        await self.denied("a foreign vhost", connect(FOREIGN, values["PASSWORD"]))
        await self.denied("a wrong password", connect(vhost, "wrong"))
        connection = await connect(vhost, values["PASSWORD"])
        try:

            async def channel() -> aio_pika.abc.AbstractChannel:
                return await connection.channel(publisher_confirms=True)

            for name in queues:
                item = access.get(("queue", name))
                opened = await channel()
                queue = await opened.get_queue(name, ensure=False)
                taking = queue.get(no_ack=False, fail=False, timeout=CALL)
                if item is not None and item.reads:
                    message = await taking
                    if message is not None:
                        await message.nack(requeue=True)
                else:
                    await self.denied(f"taking from {name}", taking)
                await self.close(opened)
                opened = await channel()
                await self.denied(
                    f"publishing to {name} through the default exchange",
                    opened.default_exchange.publish(
                        aio_pika.Message(b"{}"), routing_key=name, timeout=CALL
                    ),
                )
                await self.close(opened)
                opened = await channel()
                await self.denied(f"deleting {name}", opened.queue_delete(name, timeout=CALL))
                await self.close(opened)
            for name in filter(None, exchanges):
                item = access.get(("exchange", name))
                opened = await channel()
                exchange = await opened.get_exchange(name, ensure=False)
                sending = exchange.publish(
                    aio_pika.Message(b"{}"),
                    routing_key="platc-e2e-nowhere",
                    mandatory=False,
                    timeout=CALL,
                )
                writes_queues = any(x.kind == "queue" and x.writes for x in link.resources)
                if (item is not None and item.writes) or (name == own and writes_queues):
                    await sending
                else:
                    await self.denied(f"publishing to the exchange {name}", sending)
                await self.close(opened)
            opened = await channel()
            await self.denied(
                "declaring a queue", opened.declare_queue(FOREIGN, durable=True, timeout=CALL)
            )
            await self.close(opened)
            opened = await channel()
            await self.denied(
                "declaring an exchange", opened.declare_exchange(FOREIGN, timeout=CALL)
            )
            await self.close(opened)
        finally:
            await connection.close()

    async def tasks(self, link: Link) -> None:
        """What the user of a broker of tasks may do: its queues begin with its component's name."""
        url = link.values["BROKER_URL"]
        connection = await aio_pika.connect(url, timeout=CALL)
        try:
            channel = await connection.channel()
            mine = f"{link.component}.platc-e2e"
            queue = await channel.declare_queue(mine, auto_delete=True, timeout=CALL)
            exchange = await channel.declare_exchange(mine, auto_delete=True, timeout=CALL)
            await queue.bind(exchange, mine, timeout=CALL)
            await exchange.publish(aio_pika.Message(b"{}"), mine, timeout=CALL)
            message = await queue.get(timeout=CALL)
            await message.ack()
            await queue.delete(timeout=CALL)
            channel = await connection.channel()
            declared = channel.declare_queue(FOREIGN, timeout=CALL)
            await self.denied("declaring a foreign queue", declared)
            await self.close(channel)
            channel = await connection.channel()
            foreign = channel.declare_exchange(FOREIGN, timeout=CALL)
            await self.denied("declaring a foreign exchange", foreign)
            await self.close(channel)
        finally:
            await connection.close()
        address, host = urllib.parse.urlsplit(url), url.rpartition("@")[2]
        wrong = f"{address.scheme}://{address.username}:wrong@{host}"
        await self.denied("a wrong password", aio_pika.connect(wrong, timeout=CALL))

    async def denied(self, what: str, call: Awaitable[object]) -> None:
        """Demand that the broker refuses."""
        try:
            await call
        except (aio_pika.exceptions.AMQPError, ConnectionError):
            return
        raise Failure(f"{what} is not refused")

    async def close(self, channel: aio_pika.abc.AbstractChannel) -> None:
        """Close a channel that the broker may have closed."""
        try:
            await channel.close()
        except (aio_pika.exceptions.AMQPError, RuntimeError):
            pass

    # --- MinIO ----------------------------------------------------------------------------------

    def minio(self, link: Link) -> None:
        """The users of an object store."""
        server = self.providers[link.component]
        assert isinstance(server, Minio)
        root = server.store(*server.root())
        buckets = [bucket.name for bucket in root.list_buckets()]
        if FOREIGN not in buckets:
            root.make_bucket(FOREIGN)
            buckets.append(FOREIGN)
        for item in link.resources:
            _, own, user, password = item.record
            store = server.store(user, password)
            for bucket in buckets:
                root.put_object(bucket, "platc-e2e", io.BytesIO(b"x"), 1)
                reads = bucket == own and item.reads
                writes = bucket == own and item.writes
                self.objects(store, user, bucket, reads, writes)
                root.remove_object(bucket, "platc-e2e")
            refused(f"{user} makes a bucket", partial(store.make_bucket, "other"), S3Error)
            refused(f"{user} removes {own}", partial(store.remove_bucket, own), S3Error)
            refused(f"{user} reads the policy", partial(store.get_bucket_policy, own), S3Error)
            wrong = server.store(user, "wrong-password")
            refused("a wrong key", partial(wrong.bucket_exists, own), S3Error)
            seen = {bucket.name for bucket in self.listed(store)}
            true(f"{user} sees {seen}", seen <= {own})

    def listed(self, store: S3) -> list[Any]:
        """Return the buckets that an identity is shown."""
        try:
            return list(store.list_buckets())
        except S3Error:
            return []

    def objects(self, store: S3, user: str, bucket: str, reads: bool, writes: bool) -> None:
        """What one user may do in one bucket."""

        def read() -> None:
            answer = store.get_object(bucket, "platc-e2e")
            answer.read()
            answer.close()

        calls: list[tuple[str, bool, Callable[[], object]]] = [
            ("lists", reads, lambda: list(store.list_objects(bucket))),
            ("reads from", reads, read),
            (
                "writes to",
                writes,
                lambda: store.put_object(bucket, "platc-e2e", io.BytesIO(b"y"), 1),
            ),
            ("deletes from", writes, lambda: store.remove_object(bucket, "platc-e2e")),
        ]
        for what, allowed, call in calls:
            if allowed:
                call()
            else:
                refused(f"{user} {what} {bucket}", call, S3Error)

    # --- Redis ----------------------------------------------------------------------------------

    def redis(self, link: Link) -> None:
        """The user of the application's own keys."""
        values = link.values
        names = {self.app.environment["APP_NAME"]}
        login = values["USERNAME"], values["PASSWORD"]
        self.keys(values["HOST"], int(values["PORT"]), *login, names, "TLS" in values)

    def celery(self, link: Link) -> None:
        """The broker's user: it serves every application that uses the worker."""
        if link.values["BROKER_URL"].startswith("amqp"):
            asyncio.run(self.tasks(link))
            return
        for name in ("BROKER_URL", "RESULT_BACKEND"):
            where = urllib.parse.urlsplit(link.values[name])
            self.keys(
                where.hostname or "",
                where.port or 6379,
                where.username or "",
                where.password or "",
                {self.app.environment["APP_NAME"]},
                where.scheme == "rediss",
            )

    def keys(
        self, host: str, port: int, user: str, password: str, prefixes: set[str], encrypted: bool
    ) -> None:
        """What a user of Redis may do."""

        def connect(username: str | None = None, password: str | None = None) -> redis.Redis:
            return redis.Redis(
                host=host,
                port=port,
                ssl=encrypted,
                protocol=2,
                socket_timeout=CALL,
                retry=Retry(NoBackoff(), 0),
                username=username,
                password=password,
            )

        mine = connect(username=user, password=password)
        for prefix in prefixes:
            mine.set(f"{prefix}:platc-e2e", "1", ex=60)
            true("its own key", mine.get(f"{prefix}:platc-e2e") == b"1")
            mine.publish(f"{prefix}:platc-e2e", "1")
            mine.delete(f"{prefix}:platc-e2e")
        denied = redis.exceptions.NoPermissionError
        # The driver has no types for it.
        ask: Callable[..., object] = mine.execute_command
        calls: list[tuple[str, Callable[[], object]]] = [
            ("a foreign key", lambda: mine.set("other:platc-e2e", "1")),
            ("reading a foreign key", lambda: mine.get("other:platc-e2e")),
            ("a key without prefix", lambda: mine.set("platc-e2e", "1")),
            ("a foreign channel", lambda: mine.publish("other:platc-e2e", "1")),
            ("CONFIG", lambda: mine.config_get("*")),
            ("FLUSHALL", lambda: mine.flushall()),
            ("KEYS", lambda: mine.keys("*")),
            ("ACL LIST", lambda: mine.acl_list()),
            ("SHUTDOWN", partial(ask, "SHUTDOWN")),
            ("MONITOR", partial(ask, "MONITOR")),
            ("REPLICAOF", partial(ask, "REPLICAOF", "NO", "ONE")),
            ("loading a function", partial(ask, "FUNCTION", "LOAD", "REPLACE", LIBRARY)),
            ("FUNCTION FLUSH", partial(ask, "FUNCTION", "FLUSH")),
            ("calling a function", partial(ask, "FCALL", "f", "0")),
            ("SCRIPT FLUSH", partial(ask, "SCRIPT", "FLUSH")),
            ("SCRIPT KILL", partial(ask, "SCRIPT", "KILL")),
            ("SCAN", partial(ask, "SCAN", "0")),
            ("RANDOMKEY", partial(ask, "RANDOMKEY")),
            ("DBSIZE", partial(ask, "DBSIZE")),
            ("PUBSUB CHANNELS", partial(ask, "PUBSUB", "CHANNELS")),
            ("the broadcast of keys", partial(ask, "CLIENT", "TRACKING", "ON", "BCAST")),
        ]
        for what, call in calls:
            refused(f"{user}: {what}", call, denied)
        for text in ("redis.call('SCAN', '0')", "redis.call('GET', 'other:platc-e2e')"):
            script = partial(ask, "EVAL", f"return {text}", "0")
            refused(f"{user}: a script with {text}", script, redis.exceptions.ResponseError)
        wrong = (redis.exceptions.AuthenticationError, redis.exceptions.ResponseError)
        refused("nobody", lambda: connect().ping(), *wrong)
        refused("a wrong password", lambda: connect(username=user, password="x").ping(), *wrong)

    # --- Kafka ----------------------------------------------------------------------------------

    def kafka(self, link: Link) -> None:
        """The user of a cluster."""
        server = self.providers[link.component]
        assert isinstance(server, Kafka)
        asyncio.run(self.topics(link, server))

    async def topics(self, link: Link, server: Kafka) -> None:
        """What the user may do with each topic."""
        secure = link.values["SECURITY_PROTOCOL"] == "SASL_SSL"
        login = {
            "ssl_context": ssl.create_default_context() if secure else None,
            "bootstrap_servers": link.values["BOOTSTRAP_SERVERS"],
            "security_protocol": link.values["SECURITY_PROTOCOL"],
            "sasl_mechanism": link.values["SASL_MECHANISM"],
            "sasl_plain_username": link.values["USERNAME"],
            "sasl_plain_password": link.values["PASSWORD"],
        }
        known = {item.name: item for item in link.resources}
        foreign = [FOREIGN, *(name for name in self.names(server) if name not in known)]
        server.inside(
            ["/opt/packages/bin/python", "-c", MAKE_TOPIC.format(FOREIGN)],
            "",
        )
        for name in [*known, *foreign]:
            item = known.get(name)
            await self.produce(login, name, item is not None and item.writes)
            reads = item is not None and item.reads
            await self.consume(login, name, link.values.get("CONSUMER_GROUP", "x"), reads)
            if reads:
                await self.consume(login, name, FOREIGN, False)
        wrong = AIOKafkaProducer(**{**login, "sasl_plain_password": "wrong"})
        try:
            await asyncio.wait_for(wrong.start(), CALL)
        except (KafkaError, TimeoutError):
            pass
        else:
            raise Failure("a wrong password is not refused")
        finally:
            await wrong.stop()

    def names(self, server: Kafka) -> list[str]:
        """Return the topics of the emitted objects."""
        return [
            item["spec"].get("topicName", item["metadata"]["name"])
            for item in server.mine("KafkaTopic")
        ]

    async def produce(self, login: dict[str, Any], topic: str, allowed: bool) -> None:
        """Send one record."""
        producer = AIOKafkaProducer(**login, request_timeout_ms=int(CALL * 1000))
        await producer.start()
        try:
            await producer.send_and_wait(topic, b"{}")
        except TopicAuthorizationFailedError as error:
            if allowed:
                raise Failure(f"producing to {topic} is refused") from error
        else:
            true(f"producing to {topic} is not refused", allowed)
        finally:
            await producer.stop()

    async def consume(self, login: dict[str, Any], topic: str, group: str, allowed: bool) -> None:
        """Read the end of a topic as a member of a group."""
        consumer = AIOKafkaConsumer(**login, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            partition = TopicPartition(topic, 0)
            consumer.assign([partition])
            await asyncio.wait_for(consumer.committed(partition), CALL)
            await consumer.seek_to_beginning(partition)
            await consumer.getmany(timeout_ms=3000, max_records=1)
        except KafkaError as error:
            # The driver wraps what comes with an answer about offsets.
            if "AuthorizationFailed" not in repr(error):
                raise
            if allowed:
                raise Failure(f"reading {topic} as {group} is refused") from error
        else:
            true(f"reading {topic} as {group} is not refused", allowed)
        finally:
            await consumer.stop()

    # --- MongoDB --------------------------------------------------------------------------------

    def mongodb(self, link: Link) -> None:
        """The users of a replica set; the front stands in for the server's own checks."""
        for item in link.resources:
            name, user, password, authdb, collection = item.record
            options: dict[str, Any] = {
                "host": link.values["HOST"],
                "port": int(link.values["PORT"]),
                "username": user,
                "authSource": authdb,
                "replicaSet": link.values["REPLICA_SET"],
                "tls": "TLS" in link.values,
                "serverSelectionTimeoutMS": 10000,
            }
            wrong: pymongo.MongoClient[dict[str, Any]]
            wrong = pymongo.MongoClient(**options, password="wrong")
            denied = pymongo.errors.OperationFailure
            refused("a wrong password", wrong[name][collection].find_one, denied)
            wrong.close()
            client: pymongo.MongoClient[dict[str, Any]]
            client = pymongo.MongoClient(**options, password=password)
            own, other = client[name][collection], client["platc_e2e"]["other"]
            key = {"_id": FOREIGN}
            calls: list[tuple[str, bool, Callable[[], object]]] = [
                ("reads", item.reads, own.find_one),
                ("inserts", item.writes, partial(own.insert_one, dict(key))),
                ("updates", item.writes, partial(own.update_one, key, {"$set": {"a": 1}})),
                ("deletes", item.writes, partial(own.delete_one, key)),
                ("reads another", False, other.find_one),
                ("writes another", False, partial(other.insert_one, {})),
                ("lists databases", False, client.list_database_names),
                ("drops the database", False, partial(client.drop_database, name)),
                ("reads users", False, client["admin"]["system.users"].find_one),
            ]
            for what, allowed, call in calls:
                if allowed:
                    call()
                else:
                    refused(f"{user} {what}", call, denied)
            client.close()


LIBRARY = "#!lua name=other\nredis.register_function('f', function() return 1 end)"

MAKE_TOPIC = """
import asyncio
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
async def main():
    admin = AIOKafkaAdminClient(bootstrap_servers="127.0.0.1:9091")
    await admin.start()
    if "{0}" not in await admin.list_topics():
        await admin.create_topics([NewTopic("{0}", 1, 1)])
    await admin.close()
asyncio.run(main())
"""
