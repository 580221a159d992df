"""A real PostgreSQL as the other end of a sink: one cluster, a schema each."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.postgres_cluster import PASSWORD, new_name, running
from gateway.sink_lives import life, made
from gateway.sink_peer import Peer

# takes n more rows, then fails once: what a sequence has counted, a rollback does not take back
STUMBLE = """
    CREATE SEQUENCE {schema}.taken;
    CREATE FUNCTION {schema}.stumble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('{schema}.taken') = {n} THEN
            RAISE 'no room for %', NEW.data USING ERRCODE = 'disk_full';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER stumble BEFORE INSERT ON {schema}.records
    FOR EACH ROW EXECUTE FUNCTION {schema}.stumble();
"""
REFUSE = "ALTER TABLE {schema}.records ADD CONSTRAINT never CHECK (seq <> {seq})"


@contextmanager
def postgres_peer(folder: Path) -> Iterator[Peer]:
    """Records in a schema."""
    cluster, schema = running(), new_name()
    (folder / "password").write_text(PASSWORD + "\n")
    settings = (
        f'type = "postgres"\nurl = "{cluster.url()}"\nschema_name = "{schema}"\n'
        f'password_file = "{folder}/password"\ntimeout_seconds = 5\n'
    )
    life(made(settings, folder))  # the tables are there

    def got() -> list[str]:
        rows = cluster.query(
            f"SELECT device, boot, seq FROM {schema}.records WHERE device <> '_gateway'"
            " ORDER BY ctid"
        )
        return [f"{device}:{boot}:{seq}" for device, boot, seq in rows]

    def refuse(identity: str) -> None:
        seq = int(identity.rpartition(":")[2])
        cluster.query(REFUSE.format(schema=schema, seq=seq))

    yield Peer(
        settings,
        got,
        cluster.stop,
        cluster.start,
        secrets=(PASSWORD,),
        refuse=refuse,
        stumble=lambda taken: cluster.query(STUMBLE.format(schema=schema, n=taken + 1)) and None,
    )
    cluster.query(f"DROP SCHEMA {schema} CASCADE")
