"""The PostgreSQL sink: a row a record in a database, confirmed by its COMMIT; by psycopg 3.

A batch is one statement in one transaction: an INSERT of all that leaves alone what is there by
identity, so a double changes nothing. Positions get rows of their own, only those that the record
carries: what a tracker withheld is nowhere. When a person is forgotten their rows go, those
that the gateway had received when it said so: the name may be another's by the time it is heard.
The tables are in postgres_schema.py, made and brought up to date at start under a lock of the
database.

STORED: our sessions ask for `synchronous_commit = on`, so COMMIT returns after the write-ahead log
is on the server's disk. A server with `fsync = off` waits for no disk: its word is ACCEPTED, and
counted. A batch that the server will not take for its data is tried one by one, so that one row is
refused and not the rest.

    SQLSTATE 22..., 23...             refused: data that does not fit, a rule of the database's own
    any other error, no answer        later: no connection, no right, no table, no room, a restart
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
import psycopg
import structlog

from trygg_gateway.config_sinks_store import PostgresSink as Settings
from trygg_gateway.delivery import Delivery
from trygg_gateway.sinks.forgotten import forgotten_by
from trygg_gateway.sinks.port import Answer, Later, Refused, SinkError
from trygg_gateway.sinks.postgres_schema import (
    FORGET,
    HAS_PLACE,
    INSERT,
    PLACE,
    POSTGIS,
    STEPS,
    VERSION,
)
from trygg_gateway.sinks.secret_file import read_line

log = structlog.get_logger("postgres")

Connection = psycopg.AsyncConnection[Any]

LOCK = 0x7472796767  # "trygg": who makes the tables holds this advisory lock


class PostgresSink:
    """Records and positions in a schema of a database."""

    batch = 500
    alarm_batch = 1
    confirms = Answer.STORED

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._password: str | None = None
        self._idle: list[Connection] = []  # each lane takes one, so none waits for another's
        self._answer = Answer.STORED
        self.counters = {"connections": 0, "batches_taken_apart": 0, "fsync_off": 0}

    async def start(self) -> None:
        """Read the password, connect, and see to the tables; Later if not."""
        self._password = read_line(self._settings.password_file)
        async with self._connection(_in_its_words) as connection, connection.transaction():
            await self._see_to_tables(connection)
            self._look_at_fsync(await _value(connection, "SHOW fsync"))

    async def stop(self) -> None:
        """Close the connections that nobody uses."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close()

    async def deliver(self, entries: Sequence[Delivery]) -> Answer:
        """Insert them in one transaction; one by one if one of them is refused."""
        try:
            await self._insert(entries)
        except Refused:
            if len(entries) == 1:
                raise
            self.counters["batches_taken_apart"] += 1
            await self._one_by_one(entries)
        return self._answer

    async def _one_by_one(self, entries: Sequence[Delivery]) -> None:
        for confirmed, entry in enumerate(entries):
            try:
                await self._insert([entry])
            except Refused as error:
                raise Refused(error.reason, confirmed) from None
            except Later as error:
                raise Later(error.reason, confirmed=confirmed) from None

    async def _insert(self, entries: Sequence[Delivery]) -> None:
        columns: Sequence[Sequence[Any]] = list(zip(*map(_row, entries), strict=True))
        if columns:
            async with self._connection(_in_ours) as connection, connection.transaction():
                await connection.execute(self._sql(INSERT), [list(column) for column in columns])
                for device, said_ms in filter(None, map(forgotten_by, entries)):
                    await connection.execute(self._sql(FORGET), (device, _moment(said_ms)))

    @asynccontextmanager
    async def _connection(
        self, meaning: Callable[[psycopg.Error], SinkError]
    ) -> AsyncIterator[Connection]:
        """A connection of one's own for a while; given back if nothing went wrong."""
        connection: Connection | None = None
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                connection = self._idle.pop() if self._idle else await self._connect()
                yield connection
        except TimeoutError:
            raise Later(f"no answer in {self._settings.timeout_seconds} s") from None
        except psycopg.Error as error:
            if connection is None or connection.closed:
                await self.stop()  # a server that was away has closed the others too
            else:
                self._idle.append(connection)
                connection = None
            raise meaning(error) from None
        else:
            self._idle.append(connection)
            connection = None
        finally:
            if connection is not None:
                await connection.close()

    async def _connect(self) -> Connection:
        settings = self._settings
        place = urlsplit(settings.url)
        mode, ca = self._tls()
        connection = await psycopg.AsyncConnection.connect(
            host=place.hostname,
            port=place.port or 5432,
            user=unquote(place.username or ""),
            password=self._password,
            dbname=place.path.strip("/"),
            application_name="trygg-gateway",
            connect_timeout=settings.timeout_seconds,
            options="-c synchronous_commit=on",
            sslmode=mode,
            sslrootcert=ca,
        )
        self.counters["connections"] += 1
        return connection

    def _tls(self) -> tuple[str, str]:
        """libpq's mode and CA: a server that is who it says, but where the link needs none."""
        if self._settings.in_the_clear and not self._settings.ca:
            return "prefer", ""
        return "verify-full", str(self._settings.ca or "system")

    async def _see_to_tables(self, connection: Connection) -> None:
        """Make what is missing, one version after the other; Later if they are newer than we."""
        name = self._settings.schema_name
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        there = await _value(connection, "SELECT 1 FROM pg_namespace WHERE nspname = %s", name)
        if not there:
            await connection.execute(self._sql("CREATE SCHEMA {schema}"))
        if not await _value(connection, "SELECT to_regclass(%s)", f"{name}.schema_version"):
            await connection.execute(self._sql(VERSION))
        version_sql = self._sql("SELECT max(version) FROM {schema}.schema_version")
        version = await _value(connection, version_sql) or 0
        if version > len(STEPS):
            raise Later(f"schema {name} is of version {version}, made by a newer gateway than this")
        for step in STEPS[version:]:
            await connection.execute(self._sql(step))
        if version < len(STEPS):
            insert = self._sql("INSERT INTO {schema}.schema_version VALUES (%s)")
            await connection.execute(insert, (len(STEPS),))
        await self._see_to_places(connection)

    async def _see_to_places(self, connection: Connection) -> None:
        """Positions as geography too, where PostGIS is in this database."""
        postgis = await _value(connection, POSTGIS)
        if postgis and not await _value(connection, HAS_PLACE, self._settings.schema_name):
            quoted = psycopg.sql.Identifier(postgis).as_string(connection)
            await connection.execute(self._sql(PLACE.replace("{postgis}", quoted)))

    def _look_at_fsync(self, fsync: str) -> None:
        if fsync != "on":
            self._answer = Answer.ACCEPTED
            self.counters["fsync_off"] = 1
            log.warning("the server has fsync off: what it says it has can be lost")

    def _sql(self, text: str) -> str:
        """The text with our schema's name, which the settings let be nothing but a plain name."""
        return text.replace("{schema}", self._settings.schema_name)


async def _value(connection: Connection, sql: str, *parameters: Any) -> Any:
    """The first column of the first row, or None."""
    cursor = await connection.execute(sql, parameters)
    row = await cursor.fetchone()
    return row[0] if row else None


def _row(entry: Delivery) -> tuple[Any, ...]:
    """The columns of table records, in the order of INSERT's."""
    data = entry.data
    device, boot, seq = entry.id.split(":")  # what is about somebody else says so in its data
    return (
        device, int(boot), int(seq), entry.attributes["type"], data["kind"],
        entry.attributes["lane"], data["time"], _moment(entry.received_ms), data["late"],
        data["late_by_s"],
        orjson.dumps(data).decode(),
    )  # fmt: skip


def _moment(unix_ms: int) -> datetime:
    return datetime.fromtimestamp(unix_ms / 1000, UTC)


def _in_ours(error: psycopg.Error) -> SinkError:
    """What an error about a batch means. The server's words may quote the batch, so its code is
    told and not they."""
    state = error.sqlstate
    if state is None:
        return _in_its_words(error)
    said = f"the database does not take it: SQLSTATE {state}, {type(error).__name__}"
    return Refused(said) if state[:2] in ("22", "23") else Later(said)


def _in_its_words(error: psycopg.Error) -> SinkError:
    """What an error means while there is nothing of a record to quote."""
    lines = (error.diag.message_primary or str(error)).strip().splitlines()
    return Later(f"{type(error).__name__}: {lines[-1].strip() if lines else 'no words'}")
