"""So many of something, as Setup says it."""

from ui.text import tr_n


def counted_machines(count: int) -> str:
    """Return "1 machine" or "4 machines"."""
    return tr_n("Machines", "{count} machine", "{count} machines", count=count)


def counted_points(count: int) -> str:
    """Return "1 point" or "4 points"."""
    return tr_n("Machines", "{count} point", "{count} points", count=count)


def counted_values(count: int) -> str:
    """Return "1 value" or "6 values"."""
    return tr_n("Machines", "{count} value", "{count} values", count=count)


def counted_figures(count: int) -> str:
    """Return "1 computed figure" or "15 computed figures"."""
    return tr_n("Machines", "{count} computed figure", "{count} computed figures", count=count)
