"""The demo plant's OPC UA server: process values at 1 Hz, streaming accelerometers as arrays at 10 Hz.

The other accelerometers measure on demand, as sensor gateways do: reading their node takes a fresh record.
Now and then a temperature sensor fails for some seconds and says so in its status code.
"""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
from asyncua import Server, ua

from acquisition.simulators.ledger import Ledger
from acquisition.simulators.noise import stable_seed, uniform
from acquisition.simulators.plant_model import NAMESPACE_URI, PlantModel
from acquisition.simulators.vibration import BLOCK, SAMPLING_RATE_HZ, VibrationChannel
from domain.instants import Clock, from_microseconds
from domain.plant.tags import Tag, TagKind
from domain.units import unit

DEVICE = "OPC-2"
BLOCK_S = BLOCK / SAMPLING_RATE_HZ
CATCH_UP_S = 10.0
"""A server that was stopped for longer goes on with the present: what nobody measured is not served."""

SENSOR_FAILURE_EVERY_S = 420
SENSOR_FAILURE_S = 12
FAILING_SENSOR = "CP2.temperature"
UNITS_URI = "http://www.opcfoundation.org/UA/units/un/cefact"
ENGINEERING_UNITS = ua.QualifiedName("EngineeringUnits", 0)
_TYPES = {TagKind.STATE: ua.VariantType.UInt16, TagKind.COUNTER: ua.VariantType.UInt32}


class OpcUaPlc:
    """One OPC UA server with the tags of its connection and every waveform of the plant."""

    def __init__(self, model: PlantModel, *, ledger: Ledger, clock: Clock, pki_folder: Path) -> None:
        self._model = model
        self._ledger = ledger
        self._clock = clock
        self._pki_folder = pki_folder
        self._server = Server()
        self._scalars: list[tuple[Tag, ua.NodeId]] = []
        self._streams: list[tuple[VibrationChannel, ua.NodeId]] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, port: int) -> None:
        """Build the address space and listen on loopback, Basic256Sha256 only."""
        server = self._server
        await server.init()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/jidoka/demo/")
        server.set_server_name("Jidoka demo plant")
        await server.set_application_uri(NAMESPACE_URI)
        server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
        await server.load_certificate(str(self._pki_folder / "server.der"))
        await server.load_private_key(str(self._pki_folder / "server.key.pem"))
        await self._build(await server.register_namespace(NAMESPACE_URI))
        await server.start()
        self._tasks = [asyncio.create_task(self._serve_scalars()), asyncio.create_task(self._serve_streams())]

    async def stop(self) -> None:
        """Stop serving and close the listener."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.stop()

    async def _build(self, namespace: int) -> None:
        folder = await self._server.nodes.objects.add_folder(namespace, "BottlingPlant")
        for tag in self._model.tags_on(DEVICE):
            node_id = ua.NodeId(str(tag.address["identifier"]), namespace)
            if tag.is_waveform:
                initial: object = [0.0]
                kind = ua.VariantType.Float
            else:
                initial, kind = 0.0, _TYPES.get(tag.kind, ua.VariantType.Float)
            node = await folder.add_variable(node_id, tag.name, initial, kind)
            await self._describe(node, tag, namespace)
            if not tag.is_waveform:
                self._scalars.append((tag, node.nodeid))
            elif tag.capture is not None and tag.capture.is_streaming:
                self._streams.append((self._model.channels[tag.key], node.nodeid))
            else:
                self._measure_on_demand(tag, node.nodeid)

    @staticmethod
    async def _describe(node: Any, tag: Tag, namespace: int) -> None:
        """Declare unit and sampling rate as properties, so that whoever browses need not ask."""
        code, name = unit(tag.unit).opcua_code, str(node.nodeid.Identifier)
        if code is not None:
            shown = ua.LocalizedText(unit(tag.unit).symbol)
            declared = ua.EUInformation(UNITS_URI, code, shown, shown)
            await node.add_property(ua.NodeId(f"{name}.unit", namespace), ENGINEERING_UNITS, declared)
        if tag.is_waveform:
            place = ua.NodeId(f"{name}.rate", namespace)
            await node.add_property(place, ua.QualifiedName("SamplingRate", namespace), SAMPLING_RATE_HZ)

    def _measure_on_demand(self, tag: Tag, node_id: ua.NodeId) -> None:
        channel, capture = self._model.channels[tag.key], tag.capture
        assert capture is not None

        def measure(_node: ua.NodeId, _attribute: ua.AttributeIds) -> ua.DataValue:
            first = self._sample_index() - capture.length
            samples = channel.samples(first, capture.length)
            self._ledger.served(channel.name, len(samples))
            return self._value(samples.tolist(), ua.VariantType.Float, at_us=self._sample_time_us(first))

        self._server.iserver.aspace.set_attribute_value_callback(node_id, ua.AttributeIds.Value, measure)

    def _sample_index(self) -> int:
        return int(self._model.time.seconds(self._clock.now_us()) * SAMPLING_RATE_HZ)

    def _sample_time_us(self, index: int) -> int:
        return self._model.time.epoch_us + round(index * 1e6 / SAMPLING_RATE_HZ)

    async def _serve_streams(self) -> None:
        number = self._sample_index() // BLOCK
        while True:
            due_s = (number + 1) * BLOCK_S - self._model.time.seconds(self._clock.now_us())
            if due_s < -CATCH_UP_S:
                number = self._sample_index() // BLOCK
                continue
            if due_s > 0:
                await asyncio.sleep(due_s)
            for channel, node_id in self._streams:
                samples = channel.block(number)
                at_us = self._sample_time_us(number * BLOCK)
                await self._write(node_id, self._value(samples.tolist(), ua.VariantType.Float, at_us=at_us))
                self._ledger.block(channel.name, number, samples)
                await asyncio.sleep(0)
            number += 1

    async def _serve_scalars(self) -> None:
        second = int(self._model.time.seconds(self._clock.now_us()))
        while True:
            due_s = second - self._model.time.seconds(self._clock.now_us())
            if due_s < -CATCH_UP_S:
                second = int(self._model.time.seconds(self._clock.now_us()))
                continue
            if due_s > 0:
                await asyncio.sleep(due_s)
            at_us = self._model.time.epoch_us + second * 1_000_000
            await self._write_scalars(float(second), at_us)
            self._ledger.served(DEVICE, len(self._scalars))
            self._ledger.flush(self._clock.now_us())
            second += 1

    async def _write_scalars(self, time_s: float, at_us: int) -> None:
        moment = np.array([time_s])
        for tag, node_id in self._scalars:
            value = float(self._model.values[tag.key].at(moment)[0])
            kind = _TYPES.get(tag.kind, ua.VariantType.Float)
            content = value if kind is ua.VariantType.Float else int(value)
            status = self._status(tag, time_s, at_us)
            await self._write(node_id, self._value(content, kind, at_us=at_us, status=status))
            await asyncio.sleep(0)

    def _status(self, tag: Tag, time_s: float, at_us: int) -> int:
        if tag.name != FAILING_SENSOR:
            return 0
        cycle, since_s = divmod(time_s, SENSOR_FAILURE_EVERY_S)
        seed = stable_seed(self._model.seed, "sensor failure")
        begin_s = 60 + 300 * float(uniform(seed, np.array([int(cycle)]))[0])
        if not begin_s <= since_s < begin_s + SENSOR_FAILURE_S:
            return 0
        self._ledger.event("sensor_bad", at_us, tag=tag.name)
        return int(ua.StatusCodes.BadSensorFailure)

    def _value(self, content: object, kind: ua.VariantType, *, at_us: int, status: int = 0) -> ua.DataValue:
        moment = from_microseconds(at_us).replace(tzinfo=None)
        return ua.DataValue(
            ua.Variant(content, kind), StatusCode=ua.StatusCode(status), SourceTimestamp=moment,
            ServerTimestamp=from_microseconds(self._clock.now_us()).replace(tzinfo=None),
        )  # fmt: skip

    async def _write(self, node_id: ua.NodeId, value: ua.DataValue) -> None:
        await self._server.iserver.aspace.write_attribute_value(node_id, ua.AttributeIds.Value, value)
