"""The spectrum chain of one block beside scipy's real FFT alone; CPU time of one thread."""

from scipy import fft

from acquisition.simulators.order import PlantOrder
from acquisition.simulators.plant_model import PlantModel
from acquisition.simulators.wear import PlantTime
from domain.plant.bearings import defect_orders
from domain.plant.signals import Band
from processing.diagnosis import diagnose
from processing.features import analyse_block
from processing.spectrum import amplitude_spectrum, envelope
from tests.benchmarks._figures import cpu_us, tell

LENGTH, RATE_HZ = 32_768, 25_600
CHANNELS = 64
RECORD_S = 5


def main(arguments: list[str]) -> int:
    """Run all figures on a channel of the demo plant with a growing fault."""
    model = PlantModel(PlantTime(0, PlantOrder(0, 0, 0, 0).pace))
    channel = next(each for each in model.channels.values() if each.faults)
    record = channel.samples(200 * RATE_HZ, RECORD_S * RATE_HZ)
    block, speed_hz = record[:LENGTH], channel.motion.speed_hz
    band = Band("envelope", 2000.0, 6000.0)

    raw = cpu_us(lambda: fft.rfft(block, workers=1), times=200)
    chain = cpu_us(
        lambda: analyse_block(
            block, sampling_rate_hz=RATE_HZ, envelope_band=band, speed_hz=speed_hz, bearing=channel.bearing
        ),
        times=50,
    )
    spectrum = cpu_us(lambda: amplitude_spectrum(block, sampling_rate_hz=RATE_HZ, unit="g"), times=200)
    curve = cpu_us(lambda: envelope(block, sampling_rate_hz=RATE_HZ, band=band), times=100)
    name = "scipy.fft.rfft of the same float32 block"
    for what, cost in (("amplitude spectrum", spectrum), ("envelope", curve), ("spectrum chain", chain)):
        rate, limit = LENGTH / cost, LENGTH / raw
        tell(f"{what} of 32,768 samples", rate, "Msamples/CPU s", limit=limit, limit_name=name)
    share = 100 * CHANNELS * RATE_HZ / LENGTH / 1e6
    tell("features of 64 channels", chain * share, "% of a core", limit=raw * share, limit_name=name)
    whole = cpu_us(lambda: fft.rfft(record, workers=1), times=50)
    found = cpu_us(
        lambda: diagnose(
            record, sampling_rate_hz=RATE_HZ, speed_hz=speed_hz, orders=defect_orders(channel.bearing)
        ),
        times=5,
    )
    name = "scipy.fft.rfft of the whole record"
    tell("diagnosis of 5 s", found / 1e3, "CPU ms", limit=whole / 1e3, limit_name=name)
    return 0
