"""Icons: our own outline drawings, recoloured with a token and kept per colour, size and device ratio."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

import resources


@lru_cache(maxsize=256)
def icon_image(name: str, *, colour: str, size: int, ratio: float = 1.0) -> QImage:
    """Return an icon in one colour; ``size`` in logical pixels. FileNotFoundError for an unknown name."""
    source = resources.read_bytes("icons", f"{name}.svg").replace(b"currentColor", colour.encode())
    side = round(size * ratio)
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(source)).render(painter, QRectF(0, 0, side, side))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


def draw_icon(painter: QPainter, name: str, *, x: float, y: float, size: int, colour: str) -> None:
    """Paint an icon with its top left corner at x, y."""
    ratio = painter.device().devicePixelRatio()
    image = icon_image(name, colour=colour, size=size, ratio=ratio)
    painter.drawImage(QRectF(round(x), round(y), size, size), image)
