"""What the figures were measured on: the machine, the versions, and the state of the sources."""

from __future__ import annotations

import os
import platform
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent

PACKAGES = ("cbor2", "cryptography", "petlib", "py_ecc", "pydantic", "SQLAlchemy")
"""The packages that the measured code spends its time in."""
CRATES = ("blst", "curve25519-dalek", "pyo3", "rayon", "zkperf-native")
"""The same of the kernel, as its lock file has them."""
PEERS = ("bulletproofs", "prio", "tari_bulletproofs_plus")
"""What they are compared with, as the lock file of that has it."""


def describe_machine() -> dict[str, str | int]:
    """CPU model, cores that may be used, memory in bytes, operating system."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def load() -> float:
    """How many processes wanted a core, on average over the last minute; this one is among them."""
    return os.getloadavg()[0]


def versions() -> dict[str, str]:
    """Python, packages and crates."""
    kernel, peers = locked(ROOT / "native"), locked(ROOT / "benchmarks" / "peers")
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        **{name: kernel[name] for name in CRATES},
        **{name: peers[name] for name in PEERS},
    }


def locked(folder: Path) -> dict[str, str]:
    """The versions of the crates that a Rust crate is built with."""
    lock = tomllib.loads((folder / "Cargo.lock").read_text("utf-8"))
    return {crate["name"]: crate["version"] for crate in lock["package"]}


def commit() -> tuple[str, bool]:
    """The commit, and whether the sources are exactly that. ("unknown", False) without git."""
    try:
        head = _git("rev-parse", "HEAD")
        return head, not _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown", False


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
