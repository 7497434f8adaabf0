"""What comes into the collector other than by a live link: readings by hand and files of watched folders."""

import asyncio
import logging
from typing import Final

from acquisition.drivers import DRIVERS, DriverEntry, files_entry, mqtt_entry
from acquisition.hub import TagHub
from domain.errors import StorageError
from domain.instants import Clock
from domain.plant.plant import Plant
from domain.plant.tags import ConnectionKind
from domain.ports import HistoryReader, WaveformStore
from domain.roles import Actor
from services.file_intake import FileIntake
from services.manual_intake import ManualIntake
from services.newest_known import NewestKnown
from services.recording import Recorder, Settling, WriterLane
from services.reporting import is_manual
from storage.store import Store

_log = logging.getLogger(__name__)

EVERY_S: Final = 1.0


class Intake:
    """Feeds hub and history from people and files; one per collector."""

    def __init__(
        self,
        store: Store,
        plant: Plant,
        recorder: Recorder,
        lane: WriterLane,
        kept: WaveformStore,
        *,
        hub: TagHub,
        actor: Actor,
        clock: Clock,
    ) -> None:
        self._plant = plant
        self._hub = hub
        self._lane = lane
        self._newest = NewestKnown(max((tag.key for tag in plant.tags), default=0))
        self._manual = ManualIntake(store, plant, recorder, newest=self._newest, actor=actor, clock=clock)
        self._settling = Settling(recorder, lane)
        self._files = FileIntake(
            store, plant, recorder, lane, kept, publish=hub.publish, newest=self._newest, actor=actor
        )

    def restore(self, reader: HistoryReader) -> None:
        """Show what people and files said last; call it before anything runs."""
        last = reader.last_values(outside_keys(self._plant))
        known = last.select(last.source_us > 0)
        self._newest.know(known)
        self._hub.restore(known)

    def entry(self, kind: ConnectionKind) -> DriverEntry:
        """Return the driver of a kind; folders and brokers forget what they kept once it is durable."""
        if kind is ConnectionKind.FILES:
            return files_entry(self._files)
        return mqtt_entry(self._settling.wait) if kind is ConnectionKind.MQTT else DRIVERS[kind]

    async def run(self) -> None:
        """Copy readings by hand once a second until cancelled; what storage refuses is copied later."""
        while True:
            try:
                await self._copy_manual()
            except StorageError as problem:
                _log.warning("readings by hand wait: %s", problem)
            except Exception:  # the task's outer edge
                _log.exception("readings by hand could not be copied")
            await asyncio.sleep(EVERY_S)

    async def _copy_manual(self) -> None:
        waiting = await asyncio.wrap_future(self._lane.ask(self._manual.waiting))
        if waiting:
            self._manual.publish(waiting, self._hub.publish)
            await asyncio.wrap_future(self._lane.ask(lambda: self._manual.confirm(waiting)))


def outside_keys(plant: Plant) -> list[int]:
    """Return the tags whose values come from people or files, figures of file waveforms included."""
    by_file, points = plant.file_tag_keys, plant.file_point_ids
    return [
        tag.key
        for tag in plant.tags
        if is_manual(tag) or tag.key in by_file or (tag.feature is not None and tag.point_id in points)
    ]
