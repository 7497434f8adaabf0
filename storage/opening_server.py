"""Opening the plant database on a server: what is there is recognised before it is trusted."""

import json
from uuid import UUID

from sqlalchemy import Connection, insert, select, text

from domain.errors import DatabaseDamaged
from domain.identifiers import new_id
from storage import migrations
from storage.data_folder import DataFolder, known_plant, mark_plant
from storage.inspection import APPLICATION
from storage.opening import OpenOutcome, OpenReport, first_user
from storage.postgresql import PostgresDatabase
from storage.schema.records import identity, users
from storage.server import Server


def open_server_database(
    server: Server, folder: DataFolder, *, now_us: int, start_new: bool = False
) -> tuple[PostgresDatabase, OpenReport]:
    """Connect, bring the schema to the head and return the database with the report of what was found.

    An empty database becomes a new plant, unless this workstation knows a plant there: then DatabaseDamaged
    says so. Raises DatabaseUnreachable, MigrationFailed for a newer program's schema, and DatabaseDamaged for
    a database that holds something else or another plant.
    """
    database = PostgresDatabase(server)
    try:
        with database.write() as connection:
            plant_id, outcome = _bring_up(connection, database.place, folder, now_us, start_new)
            version = str(connection.execute(text("SHOW server_version")).scalar_one())
    except BaseException:
        database.close()
        raise
    mark_plant(folder, plant_id)
    return database, OpenReport(outcome, plant_id, server=database.place, server_version=version)


def _bring_up(
    connection: Connection, place: str, folder: DataFolder, now_us: int, start_new: bool
) -> tuple[UUID, OpenOutcome]:
    revision = migrations.stored_revision(connection)
    migrations.refuse_newer(revision)
    if revision is None:
        return _begin(connection, place, folder, now_us, start_new), OpenOutcome.CREATED
    row = connection.execute(select(identity.c.application, identity.c.plant_id)).one_or_none()
    if row is None or row.application != APPLICATION:
        raise DatabaseDamaged(f"{place} holds no plant of this program", key="database_foreign", file=place)
    _refuse_other_plant(place, folder, row.plant_id, start_new)
    if revision == migrations.HEAD:
        return row.plant_id, OpenOutcome.OPENED
    migrations.upgrade(connection)
    return row.plant_id, OpenOutcome.MIGRATED


def _begin(connection: Connection, place: str, folder: DataFolder, now_us: int, start_new: bool) -> UUID:
    tables = connection.execute(
        text("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
    ).scalar_one()
    if tables:
        raise DatabaseDamaged(
            f"{place} holds tables of another program and was left alone; give an empty database",
            key="database_foreign",
            file=place,
        )
    if known_plant(folder) is not None and not start_new:
        raise DatabaseDamaged(
            f"{place} is empty, but this workstation knows a plant there: restore its backup on the server, "
            "or choose another data folder to begin a new plant",
            key="database_lost",
            problem="empty",
        )
    migrations.upgrade(connection)
    plant_id = new_id(now_ms=now_us // 1000)
    row = {"number": 1, "application": APPLICATION, "plant_id": plant_id, "created_us": now_us}
    connection.execute(insert(identity), row)
    connection.execute(insert(users), first_user(now_us))
    return plant_id


def _refuse_other_plant(place: str, folder: DataFolder, plant_id: UUID, start_new: bool) -> None:
    known = known_plant(folder)
    if known is not None and known != plant_id.hex and not start_new:
        raise DatabaseDamaged(
            f"{place} holds another plant than this workstation knows; choose another data folder for it",
            key="database_foreign",
            file=json.dumps({"known": known, "found": plant_id.hex}),
        )
