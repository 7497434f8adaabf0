"""What a broker was heard to offer, as the set-up lists it [ACQ-2]."""

from acquisition.drivers.mqtt.catalog import MqttCatalog
from acquisition.drivers.mqtt.payloads import Message
from acquisition.drivers.mqtt.sparkplug_payload import make_payload


def sparkplug(kind: str, *metrics: dict[str, object]) -> Message:
    return Message(f"spBv1.0/Plant/{kind}/Edge7", make_payload(list(metrics)))


def test_a_number_of_json_stays_a_number_when_it_happens_to_be_whole() -> None:
    catalog = MqttCatalog()
    catalog.take(Message("a/b", b'{"flow": 7, "level": 7.5, "on": true, "mode": "auto", "wave": [1, 2]}'))
    found = {item.name: (item.dtype, item.value) for item in catalog.items("a/b")}
    assert found == {
        "flow": ("number", "7"),
        "level": ("number", "7.5"),
        "on": ("bool", "true"),
        "mode": ("str", "auto"),
        "wave": ("list", "[1, 2]"),
    }


def test_a_node_is_listed_before_its_next_birth_and_by_it_for_good() -> None:
    """Births are not kept by the broker: who comes later hears data first."""
    catalog = MqttCatalog()
    catalog.take(sparkplug("NDATA", {"name": "Level", "datatype": 10, "double_value": 3.0}, {"alias": 4}))
    assert [item.name for item in catalog.items("spBv1.0/Plant")] == ["Edge7"]
    assert [item.name for item in catalog.items("spBv1.0/Plant/Edge7")] == ["Level"]
    catalog.take(sparkplug("NBIRTH", {"name": "Flow", "datatype": 10, "double_value": 3.0}))
    assert [item.name for item in catalog.items("spBv1.0/Plant/Edge7")] == ["Flow"]
