"""No address on this machine or a private network is ever fetched, whatever a page, feed or redirect says.

`guard` looks at an address before anything is asked of it. That alone can be got round: by a redirect, by a name that
resolves to something else the next time. So `ssrf_guard` also stands at the one place everything has to pass, the
interpreter's own audit of `socket.connect` (PEP 578), with the address that is really connected to. A child process,
which would pass elsewhere, is refused. It holds in the thread that entered it: what else the process does, such as
writing to a lake on a private network, is not touched, and `ytdlp` allows only downloaders that start no thread.
"""

import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

ALLOWED = "allowed are public http and https addresses (and this machine's loopback with NITRO_ALLOW_LOOPBACK=1)"
# Reach into the host although `ipaddress` counts them as public: Azure's host agent, and IETF protocol assignments.
HOST_NETWORKS = (ipaddress.ip_network("168.63.129.16/32"), ipaddress.ip_network("192.0.0.0/24"))
NAT64 = ipaddress.ip_network("64:ff9b::/96")
CONNECTS = ("socket.connect", "socket.sendto", "socket.sendmsg")
ELSEWHERE = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork")
PROGRAMS = ("deno",)  # yt-dlp's JavaScript engine, which it starts without network permission


class AddressError(OSError):
    """An address that must not be fetched. The message says what kind it is, never the address itself."""

    @classmethod
    def of(cls, found: str) -> "AddressError":
        """With the usual message."""
        return cls(f"found {found}; {ALLOWED}.")


@dataclass
class _Policy:
    allow_loopback: bool
    refused: list[AddressError] = field(default_factory=list)


_policy: ContextVar[_Policy | None] = ContextVar("policy", default=None)


def guard(url: str, allow_loopback: bool) -> None:
    """Raises `AddressError` unless the address is http(s) and every address its name resolves to is allowed.

    A name that doesn't resolve passes: nothing can be connected to, and the fetch reports it as dead.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise AddressError.of("a malformed address") from error
    if parts.scheme not in ("http", "https") or not host:
        found = f"{parts.scheme or 'no scheme'}{'://' if host else ':// without a host'}"
        raise AddressError.of(found)
    try:
        resolved = socket.getaddrinfo(host, port or parts.scheme, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return
    for *_, sockaddr in resolved:
        if kind := forbidden(str(sockaddr[0]), allow_loopback):
            raise AddressError.of(kind)


@contextmanager
def ssrf_guard(allow_loopback: bool) -> Iterator[list[AddressError]]:
    """While inside, no Python socket of this thread reaches a forbidden address; yields the connections refused.

    Not to be held across a generator's `yield`: it would hold for whoever consumes it.
    """
    _install()
    policy = _Policy(allow_loopback)
    token = _policy.set(policy)
    try:
        yield policy.refused
    finally:
        _policy.reset(token)


def forbidden(host: str, allow_loopback: bool) -> str | None:
    """The kind of a numeric address that must not be connected to, or None where it may."""
    try:
        ip: Address = ipaddress.ip_address(host)
    except ValueError:
        return "a name that was not resolved"
    ip = _carried(ip)
    if ip.is_loopback:
        return None if allow_loopback else "a loopback address"
    if ip.is_link_local:
        return "a link-local address"
    site_local = isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local
    if not ip.is_global or site_local or any(ip in network for network in HOST_NETWORKS):
        return "a private address"
    if ip.is_multicast or ip.is_reserved or ip.is_unspecified:
        return "a multicast or reserved address"
    return "an address of this machine" if _is_own(ip) else None


def _carried(ip: Address) -> Address:
    """The IPv4 address inside an IPv6 one, where it is carried to that in the end."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


def _is_own(ip: Address) -> bool:
    """Whether the kernel would use this very address to talk to it. A UDP connect sends nothing."""
    token = _policy.set(None)
    try:
        with socket.socket(socket.AF_INET if ip.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect((str(ip), 9))
            return ipaddress.ip_address(probe.getsockname()[0]) == ip
    except OSError:
        return False
    finally:
        _policy.reset(token)


@cache
def _install() -> None:
    sys.addaudithook(_audit)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event not in CONNECTS and event not in ELSEWHERE:
        return
    policy = _policy.get()
    if policy is None:
        return
    if event in ELSEWHERE:
        if event != "subprocess.Popen" or os.path.basename(os.fsdecode(args[0] or args[1][0])) not in PROGRAMS:
            raise AddressError.of("a program that would fetch outside the guard")
        return
    if event == "socket.sendmsg" and args[1] is None:
        return  # already connected
    sockaddr = args[1]
    kind = forbidden(str(sockaddr[0]), policy.allow_loopback) if isinstance(sockaddr, tuple) else "a local socket"
    if kind:
        policy.refused.append(AddressError.of(kind))
        raise policy.refused[-1]
