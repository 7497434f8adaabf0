"""The numbers of the HMI guide, section 4, recomputed from the tokens."""

from itertools import combinations
from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt

import numpy as np
import pytest
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QLabel

from domain.condition.alarms import Priority
from ui.theme import BODY, DAY, NIGHT, SEMIBOLD, Theme, Tokens, font

THEMES = pytest.mark.parametrize("tokens", [DAY, NIGHT], ids=["day", "night"])

# Machado, Oliveira, Fernandes 2009, severity 1.0, linear RGB.
VISION = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    weights = np.array([0.2126, 0.7152, 0.0722])
    low, high = sorted((float(weights @ linear(one)), float(weights @ linear(other))))
    return (high + 0.05) / (low + 0.05)


def lab(colour: str, vision: str = "normal") -> np.ndarray:
    rgb = np.clip(VISION[vision] @ linear(colour), 0, 1)
    matrix = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.072175],
            [0.0193339, 0.119192, 0.9503041],
        ]
    )
    ratio = matrix @ rgb / np.array([0.95047, 1.0, 1.08883])
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(one: np.ndarray, other: np.ndarray) -> float:
    """Sharma, Wu, Dalal 2005."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean7 = ((hypot(a1, b1) + hypot(a2, b2)) / 2) ** 7
    g = 0.5 * (1 - sqrt(mean7 / (mean7 + 25**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = hypot(a1, b1), hypot(a2, b2)
    h1, h2 = degrees(atan2(b1, a1)) % 360, degrees(atan2(b2, a2)) % 360
    dh = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    dl, dc, big_dh = l2 - l1, c2 - c1, 2 * sqrt(c1 * c2) * sin(radians(dh) / 2)
    lm, cm = (l1 + l2) / 2, (c1 + c2) / 2
    hm = h1 + h2 if c1 * c2 == 0 else ((h1 + h2) / 2 if abs(h1 - h2) <= 180 else ((h1 + h2 + 360) / 2) % 360)
    t = (
        1
        - 0.17 * cos(radians(hm - 30))
        + 0.24 * cos(radians(2 * hm))
        + 0.32 * cos(radians(3 * hm + 6))
        - 0.20 * cos(radians(4 * hm - 63))
    )
    sl = 1 + 0.015 * (lm - 50) ** 2 / sqrt(20 + (lm - 50) ** 2)
    sc, sh = 1 + 0.045 * cm, 1 + 0.015 * cm * t
    rc = 2 * sqrt(cm**7 / (cm**7 + 25**7))
    rt = -sin(radians(60 * exp(-(((hm - 275) / 25) ** 2)))) * rc
    return sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (big_dh / sh) ** 2 + rt * dc / sc * big_dh / sh)


def test_ciede2000_agrees_with_the_published_pairs() -> None:
    assert ciede2000(np.array([50, 2.6772, -79.7751]), np.array([50, 0, -82.7485])) == pytest.approx(
        2.0425, abs=1e-4
    )
    assert ciede2000(np.array([50, 2.49, -0.001]), np.array([50, -2.49, 0.0009])) == pytest.approx(
        7.1792, abs=1e-4
    )


@THEMES
def test_text_is_readable_on_every_ground(tokens: Tokens) -> None:
    for ground in (tokens.panel, tokens.field, tokens.raised, tokens.window):
        for ink in (tokens.text_1, tokens.text_2, tokens.text_3, tokens.live):
            assert contrast(ink, ground) >= 4.5
    assert contrast(tokens.text_1, tokens.selection) >= 7
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5


@THEMES
def test_outlines_focus_and_digits_stand_out(tokens: Tokens) -> None:
    assert contrast(tokens.line_strong, tokens.panel) >= 3
    assert contrast(tokens.accent, tokens.panel) >= 3
    assert contrast(tokens.text_1, tokens.panel) >= 3, "the outline of every priority symbol"
    for priority in Priority:
        assert contrast(tokens.ink(priority), tokens.fill(priority)) >= 4.0


@THEMES
def test_pens_stand_out_on_the_plot(tokens: Tokens) -> None:
    assert all(contrast(pen, tokens.plot) >= 2.95 for pen in tokens.pens)
    assert tokens.pen(6) == tokens.pen(0)


@THEMES
@pytest.mark.parametrize("vision", VISION)
def test_priorities_stay_apart_for_every_vision(tokens: Tokens, vision: str) -> None:
    fills = [lab(fill, vision) for fill in tokens.priority_fills]
    assert min(ciede2000(*pair) for pair in combinations(fills, 2)) >= 17
    for other in (tokens.accent, tokens.live):
        assert min(ciede2000(fill, lab(other, vision)) for fill in fills) >= 18


@THEMES
def test_pens_stay_apart(tokens: Tokens) -> None:
    assert min(ciede2000(lab(a), lab(b)) for a, b in combinations(tokens.pens, 2)) >= 17


def test_figures_are_tabular(theme: Theme) -> None:
    for size in (11, BODY, 30):
        metrics = QFontMetricsF(font(size, SEMIBOLD))
        assert metrics.horizontalAdvance("1111") == pytest.approx(metrics.horizontalAdvance("8888"))


def test_switching_repaints_with_one_signal(theme: Theme, qtbot) -> None:
    label = QLabel("x")
    qtbot.addWidget(label)
    with qtbot.waitSignal(theme.changed):
        theme.toggle()
    assert theme.tokens is NIGHT
    assert label.palette().window().color().name().upper() == NIGHT.panel
