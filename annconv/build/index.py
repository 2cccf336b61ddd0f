"""From what is wanted to the key of its build, without rendering code or starting a compiler."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

from annconv.build.process import keyed_variables
from annconv.build.toolchain import python_suffix
from annconv.options import CompileOptions

_CPUINFO = Path("/proc/cpuinfo")


def index_name(
    identity: str,
    options: CompileOptions,
    *,
    compiler: Path,
    environment: Mapping[str, str],
    code: str,
) -> str:
    """Name of the index entry: SHA-256 over what decides the key and is cheap to look at.

    Args:
        identity: Digest of the network, its options and annconv's version.
        options: The options of which the flags are made.
        compiler: Path of the compiler; its file's time and size stand for its version.
        environment: The environment in which it would be started.
        code: `code_state` of what renders and supports the generated code.
    """
    status = compiler.stat()
    parts = {
        "identity": identity,
        "options": [options.precision, options.compiler_level, options.strict_warnings],
        "compiler": [str(compiler), str(compiler.resolve()), status.st_mtime_ns, status.st_size],
        "environment": keyed_variables(environment),
        "python": python_suffix(),
        "machine": machine_text(),
        "code": code,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def machine_text(cpuinfo: Path = _CPUINFO) -> str:
    """The processor and what it can do: a home folder may be shared by unequal machines.

    Args:
        cpuinfo: Linux' description of the processors; where there is none, the platform's name.
    """
    if not cpuinfo.is_file():
        return f"{platform.machine()} {platform.processor()}"
    kept: list[str] = [platform.machine()]
    with cpuinfo.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if not line.strip():  # the first processor ends
                break
            name = line.split(":")[0].strip()
            if name in ("model name", "flags", "Features", "CPU implementer", "CPU part"):
                kept.append(line.strip())
    return "\n".join(kept)


def code_state(*folders: Path) -> str:
    """SHA-256 over path, size and time of all files below some folders.

    Whoever edits annconv's own code in a checkout gets new builds; nothing is read.
    """
    total = hashlib.sha256()
    for folder in folders:
        for line in sorted(_states(folder)):
            total.update(line.encode(errors="surrogateescape"))
    return total.hexdigest()


def _states(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as found:
        for item in found:
            if item.name == "__pycache__":
                continue
            if item.is_dir():
                yield from _states(Path(item.path))
            else:
                status = item.stat()
                yield f"{item.path} {status.st_size} {status.st_mtime_ns}\n"
