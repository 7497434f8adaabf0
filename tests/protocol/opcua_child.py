"""An OPC UA server in a process of its own, told what to do by lines on its standard input (T-09).

Started as ``python opcua_child.py '{"port": ..., ...}'``; prints one JSON line per command.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncua.server.internal_server
from asyncua import Server, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import SimpleRoleRuleset, User, UserRole
from asyncua.server.history import HistoryManager
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.ua_binary import struct_from_binary

URI = "urn:jidoka:test:plant"
SERVER_URI = "urn:jidoka:test:server"
_TAGS_A_FOLDER = 500
"""The library compares a new node with everything that lies beside it."""


class SetClock:
    """Stands for ``datetime`` in the server: a clock that somebody sets."""

    ahead = timedelta(0)

    @classmethod
    def now(cls, zone: Any) -> datetime:
        return datetime.now(zone) + cls.ahead


class Users:
    """Lets in whom it knows: names with passwords, or the bytes of a certificate as hexadecimal text."""

    def __init__(self, known: dict[str, str]) -> None:
        self._known = known

    def get_user(
        self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> User | None:
        is_known = username is not None and self._known.get(username) == password
        if certificate is not None and certificate.hex() == self._known.get("certificate"):
            is_known = True
        return User(role=UserRole.User, name=str(username)) if is_known else None


class Child:
    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.server = Server(user_manager=Users(options["users"]) if "users" in options else None)
        self.variables: dict[str, Any] = {}
        self.is_ticking = True
        self.count = 0
        self.attempts = 0
        self.refused: dict[ua.NodeId, int] = {}
        self.open_points: set[bytes] = set()
        self.rested: set[bytes] = set()

    async def start(self) -> None:
        options, server = self.options, self.server
        asyncua.server.internal_server.datetime = SetClock
        SetClock.ahead = timedelta(seconds=options.get("clock_s", 0.0))
        await server.init()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{options['port']}/")
        await server.set_application_uri(options.get("server_uri", SERVER_URI))
        if options.get("certificate"):
            names = options.get("policies", ["Basic256Sha256_SignAndEncrypt"])
            server.set_security_policy(
                [getattr(ua.SecurityPolicyType, name) for name in names],
                permission_ruleset=SimpleRoleRuleset(),
            )
            if "users" in options:
                server.set_identity_tokens([ua.UserNameIdentityToken, ua.X509IdentityToken])
            await server.load_certificate(options["certificate"])
            await server.load_private_key(options["key"])
        else:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        for extra in options.get("namespaces_before", []):
            await server.register_namespace(extra)
        index = await server.register_namespace(URI)
        folder = server.nodes.objects
        for number in range(options.get("tags", 3)):
            if number and number % _TAGS_A_FOLDER == 0:
                folder = await server.nodes.objects.add_folder(index, f"from {number}")
            name = f"tag.{number}"
            node = ua.NodeId(name, index)
            self.variables[name] = await folder.add_variable(node, name, float(number))
        for number in range(options.get("arrays", 0)):
            name = f"array.{number}"
            node = ua.NodeId(name, index)
            first = ua.Variant([0.0], ua.VariantType.Float)
            self.variables[name] = await server.nodes.objects.add_variable(node, name, first)
        if options.get("world"):
            await self.build_world(index, options["world"])
        await server.start()
        if "history_page" in options:
            server.iserver.history_manager.storage.max_history_data_response_size = options["history_page"]
        for name in options.get("historized", []):
            await server.historize_node_data_change(self.variables[name], period=timedelta(hours=1))

    async def build_world(self, index: int, crowd: int) -> None:
        """Folders to browse: a described value, a sampled array, a crowd of values, a way back up."""
        objects, text = self.server.nodes.objects, ua.LocalizedText

        def at(name: str | int) -> ua.NodeId:
            return ua.NodeId(name, index)

        hall = await objects.add_folder(at("hall"), "Hall 7")
        pump = await hall.add_object(at("pump"), "Pump")
        speed = await pump.add_variable(at("speed"), "Speed", 24.5, ua.VariantType.Float)
        told = ua.DataValue(ua.Variant(text("at the coupling"), ua.VariantType.LocalizedText))
        await speed.write_attribute(ua.AttributeIds.Description, told)
        units = ua.QualifiedName("EngineeringUnits", 0)
        hertz = ua.EUInformation("urn:cefact", 4740186, text("Hz"), text("hertz"))  # HTZ
        await speed.add_property(at("speed.unit"), units, hertz)
        odd = await pump.add_variable(at(77), "Odd", 3, ua.VariantType.Int32)
        await odd.add_property(
            at("odd.unit"), units, ua.EUInformation("urn:own", 5, text("furlong"), text(""))
        )
        shaking = await pump.add_variable(at("shaking"), "Shaking", [0.0] * 8, ua.VariantType.Float)
        await shaking.add_property(at("shaking.rate"), ua.QualifiedName("SamplingRate", index), 25600.0)
        await pump.add_variable(at("batch"), "Batch", "A-17", ua.VariantType.String)
        await pump.add_reference(hall, ua.ObjectIds.HasComponent, bidirectional=False)
        crowd_folder = await hall.add_folder(at("crowd"), "Crowd")
        for number in range(crowd):
            await crowd_folder.add_variable(at(f"crowd.{number}"), f"Value {number}", float(number))

    async def tick(self) -> None:
        """Counter tag.0 = number of ticks; arrays hold the sample index modulo 1000 at 1,000 Hz.

        With ``counters`` so many tags count, all with the time at which the tick was due.
        """
        period_s = self.options.get("tick_s", 0.1)
        counters = [f"tag.{number}" for number in range(self.options.get("counters", 0))]
        length = round(1000 * period_s)
        begin = datetime.now(UTC)
        while True:
            self.count += 1
            if self.is_ticking:
                moment = begin + timedelta(seconds=period_s * (self.count - 1)) + SetClock.ahead
                if not counters:
                    await self.write("tag.0", float(self.count))
                for name in counters:
                    await self.write(name, float(self.count), moment=moment)
                for name in [name for name in self.variables if name.startswith("array")]:
                    first = (self.count - 1) * length
                    samples = [float((first + place) % 1000) for place in range(length)]
                    await self.write(name, samples, kind="Float", moment=moment)
            pause = begin + timedelta(seconds=period_s * self.count) - datetime.now(UTC)
            await asyncio.sleep(max(0.0, pause.total_seconds()))

    async def write(
        self, name: str, value: Any, *, kind: str = "Double", status: int = 0, moment: datetime | None = None
    ) -> None:
        """Set a value without the server's type check: real servers change types after a download."""
        variant = ua.Variant(value, getattr(ua.VariantType, kind))
        data = ua.DataValue(variant, ua.StatusCode(status), moment or SetClock.now(UTC))
        node = self.server.iserver.aspace._nodes[self.variables[name].nodeid]
        attribute = node.attributes[ua.AttributeIds.Value]
        attribute.value = data
        for handle, changed in list(attribute.datachange_callbacks.items()):
            await changed(handle, data)

    async def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        match command["do"]:
            case "write":
                moment = (
                    datetime.fromtimestamp(command["at_s"], UTC) if "at_s" in command else SetClock.now(UTC)
                )
                age_s = command.get("age_s", 0.0)
                await self.write(
                    command["name"],
                    command["value"],
                    kind=command.get("kind", "Double"),
                    status=command.get("status", 0),
                    moment=moment - timedelta(seconds=age_s),
                )
            case "delete":
                await self.server.delete_nodes([self.variables.pop(command["name"])])
            case "drop_subscriptions":
                service = self.server.iserver.subscription_service
                await service.delete_subscriptions(list(service.subscriptions))
            case "burst":
                for round_ in range(command["rounds"]):
                    for name in [name for name in self.variables if name != "tag.0"]:
                        await self.write(name, float(round_))
            case "release":
                await self.variables[command["name"]].set_writable()
            case "refuse":
                kinds = [
                    getattr(ua.ObjectIds, f"{name}Request_Encoding_DefaultBinary")
                    for name in command["services"]
                ]
                self.refused = {ua.NodeId(kind): command["status"] for kind in kinds}
            case "remembered":
                storage, node = self.server.iserver.history_manager.storage, self.variables[command["name"]]
                values = [each.Value.Value for each in storage._datachanges[node.nodeid]]
                return {"values": values, "open_points": len(self.open_points)}
            case "set_clock":
                SetClock.ahead = timedelta(seconds=command["ahead_s"])
            case "hold":
                self.is_ticking = False
            case "go":
                self.is_ticking = True
        links = self.server.bserver.clients
        sessions = sum(link.processor is not None and link.processor.session is not None for link in links)
        return {"count": self.count, "sessions": sessions, "attempts": self.attempts}


def refuse_on_command(child: Child) -> None:
    """Let a server answer some services with an error, and count who wants a session."""
    process = UaProcessor._process_message
    wanted = ua.NodeId(ua.ObjectIds.CreateSessionRequest_Encoding_DefaultBinary)

    async def answer(self: Any, typeid: Any, header: Any, sequence: Any, body: Any) -> Any:
        child.attempts += typeid == wanted
        if typeid in child.refused:
            raise ServiceError(child.refused[typeid])
        return await process(self, typeid, header, sequence, body)

    UaProcessor._process_message = answer


def cut_browse_answers(page: int) -> None:
    """Let the library's server hand out references page by page, as servers of controllers do."""
    process = UaProcessor._process_message
    kept: dict[bytes, list[Any]] = {}

    def cut(result: Any) -> Any:
        if len(result.References) > page:
            result.ContinuationPoint = str(len(kept)).encode()
            kept[result.ContinuationPoint] = result.References[page:]
            result.References = result.References[:page]
        return result

    async def answer(self: Any, typeid: Any, header: Any, sequence: Any, body: Any) -> Any:
        if typeid == ua.NodeId(ua.ObjectIds.BrowseRequest_Encoding_DefaultBinary):
            asked = struct_from_binary(ua.BrowseParameters, body)
            response = ua.BrowseResponse()
            response.Results = [cut(result) for result in await self.session.browse(asked)]
            self.send_response(header.RequestHandle, sequence, response)
            return True
        if typeid == ua.NodeId(ua.ObjectIds.BrowseNextRequest_Encoding_DefaultBinary):
            asked = struct_from_binary(ua.BrowseNextParameters, body)
            response = ua.BrowseNextResponse()
            for point in asked.ContinuationPoints:
                result = ua.BrowseResult()
                result.References = kept[point]
                response.Parameters.Results.append(result if asked.ReleaseContinuationPoints else cut(result))
            self.send_response(header.RequestHandle, sequence, response)
            return True
        return await process(self, typeid, header, sequence, body)

    UaProcessor._process_message = answer


def keep_history_points(child: Child) -> None:
    """Let the library's server count the continuation points it has given out, and answer each at first with
    an empty page: it is still looking.
    """
    read = HistoryManager.read_history

    async def answer(self: Any, asked: Any) -> list[Any]:
        points = {node.ContinuationPoint for node in asked.NodesToRead if node.ContinuationPoint}
        if asked.ReleaseContinuationPoints:
            child.open_points -= points
            return [ua.HistoryReadResult() for _ in asked.NodesToRead]
        if points - child.rested:
            child.rested |= points
            return [
                ua.HistoryReadResult(ContinuationPoint=each.ContinuationPoint) for each in asked.NodesToRead
            ]
        results: list[Any] = await read(self, asked)
        child.open_points -= points
        child.open_points |= {each.ContinuationPoint for each in results if each.ContinuationPoint}
        return results

    HistoryManager.read_history = answer


async def main() -> None:
    child = Child(json.loads(sys.argv[1]))
    refuse_on_command(child)
    if "history_page" in child.options:
        keep_history_points(child)
    if "browse_page" in child.options:
        cut_browse_answers(child.options["browse_page"])
    await child.start()
    ticker = asyncio.create_task(child.tick())
    print(json.dumps({"ready": True}), flush=True)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(json.dumps(await child.obey(json.loads(line))), flush=True)
    ticker.cancel()


if __name__ == "__main__":
    asyncio.run(main())
