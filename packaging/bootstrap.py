"""Set up the virtual environment and run one task: demo, test, check, bench, or any command of main.py.

Standard library only: this file runs before anything is installed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "packaging" / "requirements.lock"
WHEELS = ROOT / "wheels"
STAMP = VENV / "installed.stamp"
SUPPORTED = ((3, 11), (3, 14))
CHECKS = {
    "ruff check": ("-m", "ruff", "check", "."),
    "ruff format": ("-m", "ruff", "format", "--check", "."),
    "mypy --strict": ("-m", "mypy"),
    "import contracts": ("-c", "from importlinter.cli import lint_imports_command as lint; lint()"),
}
PARALLEL = ("-n", "2", "--dist", "loadfile")
"""Most tests wait for real servers, so two at a time take half as long; ``-n 0`` runs one after the other."""

USAGE = """usage: run TASK [arguments]

  demo            set up, then open the living demo plant (offscreen without a display)
  test            set up, then run the tests
  check           ruff, format, mypy --strict, import contracts
  bench NAME      run a benchmark of tests/benchmarks, one JSON line per figure
  format          let ruff format the sources
  COMMAND         any command of main.py: app, plant, collect, replay, analyse, screenshots, ...
"""


def main(arguments: list[str]) -> int:
    """Prepare the environment, run the task and return its exit code."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0
    if not SUPPORTED[0] <= sys.version_info[:2] < SUPPORTED[1]:
        print(f"Jidoka needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 3
    prepare_environment()
    return run_task(arguments[0], arguments[1:])


def prepare_environment() -> None:
    """Create .venv and install the hash-pinned lock unless the stamp says it is done."""
    python = environment_python()
    if not python.exists():
        print("Creating the virtual environment ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    stamp = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == stamp:
        return
    print("Installing the locked packages ...", flush=True)
    subprocess.run([*installer(python), *wheel_source(), "-r", str(LOCK)], check=True, cwd=ROOT)
    STAMP.write_text(stamp)


def installer(python: Path) -> list[str]:
    """Return the install command: uv when it is there (faster), else pip of the environment."""
    uv = shutil.which("uv")
    if uv:
        return [
            uv,
            "pip",
            "install",
            "-q",
            "--python",
            str(python),
            "--require-hashes",
            "--only-binary=:all:",
        ]
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input"]
    return [*pip, "--require-hashes", "--only-binary=:all:"]


def wheel_source() -> list[str]:
    """Install from the folder ``wheels`` when a plant without internet brought one."""
    return ["--no-index", "--find-links", str(WHEELS)] if WHEELS.is_dir() else []


def environment_python() -> Path:
    """Return the interpreter inside .venv."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run_task(task: str, arguments: list[str]) -> int:
    """Run one task in the environment and return its exit code."""
    python = str(environment_python())
    environment = dict(os.environ)
    if sys.platform == "linux" and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    if task == "check":
        return check(python, environment)
    commands = {
        "test": [python, "-m", "pytest", *PARALLEL, *arguments],
        "bench": [python, "-m", "tests.benchmarks", *arguments],
        "format": [python, "-m", "ruff", "format", "."],
    }
    command = commands.get(task, [python, "main.py", task, *arguments])
    return subprocess.run(command, cwd=ROOT, env=environment).returncode


def check(python: str, environment: dict[str, str]) -> int:
    """Run every static check; return 1 if one failed, after all have spoken."""
    failed = []
    for name, arguments in CHECKS.items():
        print(f"-- {name}", flush=True)
        if subprocess.run([python, *arguments], cwd=ROOT, env=environment).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
