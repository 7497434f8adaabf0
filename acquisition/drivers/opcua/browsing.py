"""What an OPC UA server offers, one level at a time: folders, values, their types and engineering units.

A place is a node in the text form of the specification with its namespace as URI (``nsu=...;s=...``), because
a server may renumber its namespaces at any start. "" is the Objects folder.
"""

import base64
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from acquisition.addresses import NodeIdType, OpcUaAddress
from acquisition.drivers.opcua.changes import changes_of, words_of
from acquisition.drivers.opcua.library import Node, translated, ua
from acquisition.drivers.opcua.session import OpcUaSession
from domain.errors import ConfigurationError
from domain.plant.discovery import FoundItem
from domain.texts import clean_text
from domain.units import unit_from_opcua

MOST_CHILDREN: Final = 20_000
MOST_FOUND: Final = 500
_REFERENCES_A_CALL: Final = 1000
_NODES_A_CALL: Final = 200
_LONGEST_TEXT: Final = 80
_UNIT, _RATE = "EngineeringUnits", "SamplingRate"
_KINDS: Final = {kind.value: kind for kind in NodeIdType}


@dataclass(frozen=True, slots=True)
class _Child:
    """A node found below another; ``is_value`` tells variables from folders."""

    node: Node
    name: str
    is_value: bool


class OpcUaBrowser:
    """Looks around in the address space of one open session."""

    def __init__(self, session: OpcUaSession) -> None:
        self._session = session

    async def browse(self, place: str) -> Sequence[FoundItem]:
        """Return what lies directly below a place, at most 20,000 items; ConfigurationError for no place."""
        (found,) = await self._children([self._node(place)])
        return await self._described(found)

    async def search(
        self, words: str, *, place: str, most_nodes: int, within_s: float
    ) -> Sequence[FoundItem]:
        """Return values whose name holds the words, wherever below a place, the nearest first.

        Ends with what it has after ``most_nodes`` nodes or ``within_s``; each node is looked into once.
        """
        begun_s, wanted = time.monotonic(), words.casefold()
        start = self._node(place)
        known, waiting, found = {start}, deque([start]), list[_Child]()
        while waiting and len(known) < most_nodes and time.monotonic() - begun_s < within_s:
            level = [waiting.popleft() for _ in range(min(_NODES_A_CALL, len(waiting)))]
            for child in (each for children in await self._children(level) for each in children):
                if child.node in known:
                    continue
                known.add(child.node)
                waiting.append(child.node)
                if child.is_value and wanted in child.name.casefold():
                    found.append(child)
        return await self._described(found[:MOST_FOUND])

    # --- references ---

    async def _children(self, nodes: Sequence[Node]) -> list[list[_Child]]:
        """Return the children of each node; long lists are fetched page by page."""
        parameters = ua.BrowseParameters()
        parameters.RequestedMaxReferencesPerNode = _REFERENCES_A_CALL
        parameters.NodesToBrowse = [_downwards(node) for node in nodes]
        with translated(self._session.endpoint):
            results = await self._session.services.browse(parameters)
        found: list[list[_Child]] = []
        for result in results:
            references = list(result.References or ())
            point = result.ContinuationPoint
            while point and len(references) < MOST_CHILDREN:
                point, more = await self._next(point, releases=False)
                references.extend(more)
            if point:
                await self._next(point, releases=True)
            found.append(list(_distinct(references)))
        return found

    async def _next(self, point: bytes, *, releases: bool) -> tuple[bytes | None, list[Any]]:
        parameters = ua.BrowseNextParameters()
        parameters.ReleaseContinuationPoints = releases
        parameters.ContinuationPoints = [point]
        with translated(self._session.endpoint):
            results = await self._session.services.browse_next(parameters)
        if not results or releases:
            return None, []
        return results[0].ContinuationPoint or None, list(results[0].References or ())

    # --- what a node says of itself ---

    async def _described(self, children: Sequence[_Child]) -> list[FoundItem]:
        items = []
        for first in range(0, len(children), _NODES_A_CALL):
            some = children[first : first + _NODES_A_CALL]
            values = [child for child in some if child.is_value]
            known = dict(zip([child.node for child in values], await self._values(values), strict=True))
            items += [known[child.node] if child.is_value else self._folder(child) for child in some]
        return items

    def _folder(self, child: _Child) -> FoundItem:
        return FoundItem(self._place(child.node), child.name, has_children=True)

    async def _values(self, children: Sequence[_Child]) -> list[FoundItem]:
        if not children:
            return []
        nodes = [child.node for child in children]
        types = await self._attribute(nodes, ua.AttributeIds.DataType)
        ranks = await self._attribute(nodes, ua.AttributeIds.ValueRank)
        told = await self._attribute(nodes, ua.AttributeIds.Description)
        below = await self._children(nodes)
        properties = await self._properties(nodes)
        are_arrays = [isinstance(rank, int) and rank >= 0 for rank in ranks]
        shown = await self._shown([n for n, is_array in zip(nodes, are_arrays, strict=True) if not is_array])
        names = await self._type_names(types)
        return [
            replace(
                self._folder(child),
                has_children=bool(below[row]),
                address=self._address(child.node).to_plain(),
                dtype=names.get(types[row], ""),
                unit=_unit_code(properties.get((child.node, _UNIT))),
                description=clean_text(str(getattr(told[row], "Text", None) or "")),
                value=shown.get(child.node, ""),
                is_array=are_arrays[row],
                sampling_rate_hz=_rate(properties.get((child.node, _RATE))),
            )
            for row, child in enumerate(children)
        ]

    async def _attribute(self, nodes: Sequence[Node], attribute: int) -> list[Any]:
        answers = await self._session.read(nodes, attribute=attribute)
        return [None if answer.Value is None else answer.Value.Value for answer in answers]

    async def _shown(self, nodes: Sequence[Node]) -> dict[Node, str]:
        changes = changes_of(enumerate(await self._session.read(nodes)))
        words = [words_of(float(changes.value[row]), changes.content.get(row)) for row in range(len(nodes))]
        return {node: (text or "")[:_LONGEST_TEXT] for node, text in zip(nodes, words, strict=True)}

    async def _type_names(self, types: Iterable[Any]) -> dict[Any, str]:
        nodes = [node for node in dict.fromkeys(types) if node is not None]
        names = await self._attribute(nodes, ua.AttributeIds.DisplayName)
        return {node: str(getattr(name, "Text", None) or "") for node, name in zip(nodes, names, strict=True)}

    async def _properties(self, nodes: Sequence[Node]) -> dict[tuple[Node, str], Any]:
        """Return the values of the properties that say unit and sampling rate, where there are any."""
        asked = [(node, name) for node in nodes for name in (_UNIT, _RATE)]
        paths = [_property_path(node, name, self._namespace_of(node, name)) for node, name in asked]
        with translated(self._session.endpoint):
            results = await self._session.services.translate_browsepaths_to_nodeids(paths)
        found = {
            key: result.Targets[0].TargetId
            for key, result in zip(asked, results, strict=True)
            if result.StatusCode.is_good() and result.Targets
        }
        values = await self._attribute(
            [ua.NodeId(each.Identifier, each.NamespaceIndex) for each in found.values()],
            ua.AttributeIds.Value,
        )
        return dict(zip(found, values, strict=True))

    @staticmethod
    def _namespace_of(node: Node, name: str) -> int:
        """Return where the name of a property is at home: the unit's in the standard, ours with the node."""
        return 0 if name == _UNIT else int(node.NamespaceIndex)

    # --- names of nodes ---

    def _address(self, node: Node) -> OpcUaAddress:
        uri = self._session.namespaces[node.NamespaceIndex]
        identifier = node.Identifier
        if isinstance(identifier, bytes):
            return OpcUaAddress(uri, base64.b64encode(identifier).decode(), NodeIdType.OPAQUE)
        kind = NodeIdType.NUMERIC if isinstance(identifier, int) else NodeIdType.STRING
        return OpcUaAddress(uri, str(identifier), NodeIdType.GUID if isinstance(identifier, UUID) else kind)

    def _place(self, node: Node) -> str:
        address = self._address(node)
        return f"nsu={address.namespace_uri};{address.id_type.value}={address.identifier}"

    def _node(self, place: str) -> Node:
        if not place:
            return ua.NodeId(ua.ObjectIds.ObjectsFolder)
        uri, _, rest = place.removeprefix("nsu=").partition(";")
        kind, _, identifier = rest.partition("=")
        if not place.startswith("nsu=") or kind not in _KINDS or not identifier:
            raise ConfigurationError(
                f"'{place}' is no place of an OPC UA server", key="opcua_place_wrong", place=place
            )
        return self._session.node_at(OpcUaAddress(uri, identifier, _KINDS[kind]), name=place)


def _downwards(node: Node) -> "ua.BrowseDescription":
    description = ua.BrowseDescription()
    description.NodeId = node
    description.BrowseDirection = ua.BrowseDirection.Forward
    description.ReferenceTypeId = ua.NodeId(ua.ObjectIds.HierarchicalReferences)
    description.IncludeSubtypes = True
    description.NodeClassMask = ua.NodeClass.Object | ua.NodeClass.Variable
    description.ResultMask = ua.BrowseResultMask.All
    return description


def _distinct(references: Iterable[Any]) -> Iterable[_Child]:
    """Yield children once each; properties describe their node and are none."""
    seen = set()
    for reference in references:
        target = reference.NodeId
        if reference.ReferenceTypeId == ua.NodeId(ua.ObjectIds.HasProperty) or getattr(
            target, "ServerIndex", 0
        ):
            continue
        node = ua.NodeId(target.Identifier, target.NamespaceIndex)
        if node not in seen:
            seen.add(node)
            name = reference.DisplayName.Text or reference.BrowseName.Name or str(target.Identifier)
            yield _Child(node, clean_text(name), reference.NodeClass == ua.NodeClass.Variable)


def _property_path(node: Node, name: str, namespace: int) -> "ua.BrowsePath":
    element = ua.RelativePathElement()
    element.ReferenceTypeId = ua.NodeId(ua.ObjectIds.HasProperty)
    element.IsInverse = False
    element.IncludeSubtypes = True
    element.TargetName = ua.QualifiedName(name, namespace)
    path = ua.BrowsePath()
    path.StartingNode = node
    path.RelativePath.Elements = [element]
    return path


def _unit_code(told: Any) -> str:
    known = unit_from_opcua(told.UnitId) if isinstance(getattr(told, "UnitId", None), int) else None
    return known.code if known else ""


def _rate(told: Any) -> float | None:
    is_number = isinstance(told, (int, float)) and not isinstance(told, bool)
    return float(told) if is_number and 0 < told < 1e9 else None
