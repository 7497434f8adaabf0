"""Reporting: what people read and notice at a machine, as sheets in the drawer of any screen."""
