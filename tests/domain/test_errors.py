"""An error travels to other processes and programs with its key and values."""

import json
import math
import pickle
from pathlib import Path
from uuid import UUID

from domain.errors import ConfigurationError
from domain.roles import Role


def test_parameters_are_what_json_knows() -> None:
    """The status file, and PostgreSQL, take no other types."""
    error = ConfigurationError(
        "wrong", key="k", text="a", count=3, share=0.5, is_it=True, nothing=None, path=Path("a/b"),
        ids=(UUID(int=1), 2), role=Role.ENGINEER, endless=math.inf,
    )  # fmt: skip
    plain = error.plain_parameters()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["ids"] == ["00000000-0000-0000-0000-000000000001", 2]
    assert (plain["path"], plain["role"], plain["endless"]) == (str(Path("a/b")), "engineer", "inf")
    assert (plain["is_it"], plain["nothing"], plain["count"], plain["share"]) == (True, None, 3, 0.5)


def test_an_error_comes_out_of_another_process_whole() -> None:
    error = pickle.loads(pickle.dumps(ConfigurationError("wrong", key="k", device="PLC")))
    assert (type(error), str(error), error.key, error.parameters["device"]) == (
        ConfigurationError, "wrong", "k", "PLC",
    )  # fmt: skip
