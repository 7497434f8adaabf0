"""Sets up the demo plant in a folder: certificates, set-up, limits, baselines, thirty days of past."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from acquisition.certificates import TrustFolder, application_certificate
from acquisition.simulators.order import SERVER_PKI, PlantOrder, order_file
from acquisition.simulators.plant_model import NAMESPACE_URI, Endpoints, PlantModel
from acquisition.simulators.wear import PlantTime
from domain.condition.baseline import RobustBaseline
from domain.errors import ConfigurationError, InsufficientData
from domain.identifiers import new_id
from domain.instants import Clock
from domain.plant.bearings import BearingGeometry, BearingType
from domain.plant.plant import Plant
from domain.plant.tags import Feature
from services.access import program_actor
from services.baselines import save_baselines
from services.demo_past import PastWriter, PointPast, measure_points
from services.demo_rules import demo_rules
from services.severity import severity_table
from storage.store import Store

KEEP_SPECTRA_S = 60.0
KEEP_WAVEFORMS_S = 600.0
CATALOGUE = "Demo"
"""Maker of the bearings of a plant that nobody built."""

Progress = Callable[[str, float], None]


def prepare_demo(
    store: Store, *, clock: Clock, seed: int | None, pace: float | None, progress: Progress
) -> PlantOrder:
    """Make the data folder a demo plant, or bring an existing one up to date; return its order.

    ConfigurationError when the folder holds another plant.
    """
    folder = store.folder.root
    if store.plant.is_empty():
        return _create(store, clock=clock, seed=seed, pace=pace, progress=progress)
    if not order_file(folder).exists():
        raise ConfigurationError(
            f"{folder} holds a real plant, not the demo plant; choose another folder with --data-dir",
            key="not_a_demo",
        )
    order = PlantOrder.load(order_file(folder))
    changed = replace(order, pace=pace or order.pace)
    if not order.has_free_ports():
        changed = changed.with_new_ports()
    if changed != order:
        changed.save(order_file(folder))
        _set_endpoints(store, changed)
    return changed


def _create(
    store: Store, *, clock: Clock, seed: int | None, pace: float | None, progress: Progress
) -> PlantOrder:
    folder = store.folder.root
    order = PlantOrder(clock.now_us(), 0, 0, 0)
    order = replace(order, seed=seed or order.seed, pace=pace or order.pace).with_new_ports()
    _make_certificates(folder, clock)
    model = PlantModel(PlantTime(order.epoch_us, order.pace), order.seed)
    plant = model.plant(_endpoints(order))
    history, kept = store.open_history_writer(), store.open_waveforms(is_writer=True)
    try:
        past = PastWriter(model, plant, history, kept, progress)
        measured = measure_points(model, plant, progress, past.write_values)
        baselines = _baselines(plant, measured)
        rules = demo_rules(plant, severity_table(), baselines)
        past.write_points(measured, rules, baselines)
    finally:
        history.close()
        kept.close()
    with store.unit_of_work(program_actor("demo")) as work:
        work.plant.import_plant(plant)
        work.plant.save_setting("keep_spectra_s", KEEP_SPECTRA_S)
        work.plant.save_setting("keep_waveforms_s", KEEP_WAVEFORMS_S)
        for rule in rules:
            work.alarm_rules.save(rule)
        save_baselines(work, plant, baselines)
        for geometry in _bearings(plant):
            work.bearings.add(BearingType(new_id(), CATALOGUE, geometry))
    order.save(order_file(folder))
    return order


def _bearings(plant: Plant) -> list[BearingGeometry]:
    """Return what the machines run in, each once, by designation."""
    found = {point.bearing for point in plant.points if point.bearing is not None}
    return sorted(found, key=lambda geometry: geometry.designation)


def _baselines(plant: Plant, measured: dict[int, PointPast]) -> dict[int, RobustBaseline]:
    found: dict[int, RobustBaseline] = {}
    for point in plant.points:
        past = measured[point.waveform_tag_key or 0]
        for feature in past.features:
            tag = plant.feature_tag(point.id, feature)
            if tag is not None and feature is not Feature.HEALTH:
                try:
                    found[tag.key] = past.baseline(feature)
                except InsufficientData:
                    continue
    return found


def _make_certificates(folder: Path, clock: Clock) -> None:
    """Give the plant's server its own certificate and let the product trust exactly that one."""
    now = datetime.fromtimestamp(clock.now_us() / 1e6, UTC)
    own = application_certificate(
        folder / SERVER_PKI, name="server", application_uri=NAMESPACE_URI, hosts=["127.0.0.1"], now=now
    )
    certificate = x509.load_der_x509_certificate(own.certificate.read_bytes())
    TrustFolder(folder / "pki").trust(certificate)


def _endpoints(order: PlantOrder) -> Endpoints:
    return Endpoints(order.modbus_1, order.modbus_3, order.opcua)


def _set_endpoints(store: Store, order: PlantOrder) -> None:
    endpoints = _endpoints(order)
    with store.unit_of_work(program_actor("demo")) as work:
        for connection in work.plant.load().connections:
            work.plant.set_connection_options(connection.id, endpoints.options(connection.name))
