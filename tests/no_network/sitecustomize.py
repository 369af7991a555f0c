"""Keeps a Python process off the network: loopback and unix sockets only.

Python imports a module of this name at start-up when it finds one. With this folder on PYTHONPATH
the tests' child processes and Jupyter kernels are guarded from their first line; the root
``conftest.py`` loads the same file to guard pytest itself. The guard sees what goes through
Python's ``socket`` module. Sockets that a C library opens on its own are out of its sight, as are
programs in other languages and Python started with ``-S``, ``-E`` or ``-I``.
"""

from __future__ import annotations

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
WITH_SOCKET = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
WITH_NAME = frozenset(
    {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
)


class NetworkBlockedError(OSError):
    """Raised instead of using the network. An OSError, as an unplugged cable would give."""


def is_own_machine(host: object) -> bool:
    """Whether a host, a name or an address, means this machine's loopback."""
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    if host is None or host == "":
        return True
    name = str(host).lower().rstrip(".").split("%")[0]
    if name in {"localhost", "ip6-localhost", "ip6-loopback"} or name.endswith(".localhost"):
        return True
    import ipaddress  # here, as this file runs at every start of Python

    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def blocked_target(event: str, args: tuple) -> str | None:
    """The address that an audit event of ``socket`` would reach outside; None when it may pass."""
    if event in WITH_NAME:
        target = args[0]
        host = target[0] if isinstance(target, tuple) and target else target
        return None if is_own_machine(host) else str(target)
    if event not in WITH_SOCKET:
        return None
    import _socket

    connection, address = args[0], args[1]
    family = getattr(connection, "family", None)
    if address is None or family == getattr(_socket, "AF_UNIX", object()):
        return None
    internet = family in (_socket.AF_INET, getattr(_socket, "AF_INET6", None))
    if internet and isinstance(address, tuple) and address and is_own_machine(address[0]):
        return None
    return str(address)


def guard(event: str, args: tuple) -> None:
    """Audit hook. Raises NetworkBlockedError for anything that would leave this machine."""
    if not event.startswith("socket."):
        return
    target = blocked_target(event, args)
    if target is not None:
        raise NetworkBlockedError(
            f"network blocked: {event} to {target}. Tests and notebooks may talk to loopback "
            "addresses and unix sockets only; take the data from the data/ folder"
        )


def install() -> None:
    """Guard this process; a second call changes nothing. A guard cannot be taken off again."""
    if not getattr(sys, "_course_network_guard", False):
        sys.addaudithook(guard)
        sys._course_network_guard = True


def run_hidden_sitecustomize() -> None:
    """Import the ``sitecustomize`` further down the path that this file hides, if there is one."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    rest = [folder for folder in sys.path if os.path.abspath(folder or os.curdir) != HERE]
    spec = PathFinder.find_spec("sitecustomize", rest)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


install()
if __name__ == "sitecustomize":
    run_hidden_sitecustomize()
