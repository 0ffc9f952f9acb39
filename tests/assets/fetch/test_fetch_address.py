"""The address guard: what may be connected to, before a fetch and at the socket itself."""

import socket
import subprocess
from collections.abc import Callable

import pytest

from nitro_assets.fetch.guards.ssrf_guard import AddressError, forbidden, guard, ssrf_guard

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808"]
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
NEVER = [
    "0.0.0.0",
    "::",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",  # carrier-grade NAT
    "169.254.169.254",  # metadata service
    "168.63.129.16",  # the same at Azure, public by number
    "192.0.0.192",  # the same at Oracle
    "fd00:ec2::254",  # the same at Amazon, IPv6
    "fe80::1%eth0",
    "fec0::1",
    "::ffff:10.0.0.1",
    "2002:a00:1::",  # 6to4 around 10.0.0.1
    "64:ff9b::a9fe:a9fe",  # NAT64 around the metadata service
    "224.0.0.1",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
    "203.0.113.5",
    "localhost",  # a name can't be judged
]


@pytest.mark.parametrize("allow", [False, True])
def test_only_public_addresses_and_loopback_where_allowed(allow: bool) -> None:
    assert [host for host in PUBLIC if forbidden(host, allow)] == []
    assert [host for host in LOOPBACK if not forbidden(host, allow)] == (LOOPBACK if allow else [])
    assert [host for host in NEVER if not forbidden(host, allow)] == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/x",
        "data:text/html,x",
        "gopher://example.org",
        "//example.org",
        "http://",
        "http://[::1",
        "http://example.org:99999/",
        "http://localhost/",
        "http://2130706433/",  # 127.0.0.1 as one number
        "http://0x7f.1/",
        "http://[::ffff:169.254.169.254]/",
        "http://user@10.0.0.1/",
    ],
)
def test_a_bad_address_is_refused_before_it_is_asked(url: str) -> None:
    with pytest.raises(AddressError, match="allowed are public http and https addresses") as caught:
        guard(url, allow_loopback=False)
    assert "10.0.0.1" not in str(caught.value)


def test_a_name_that_changes_its_mind_is_stopped_at_the_socket() -> None:
    """As with DNS rebinding: nothing but the connection itself shows where it goes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        with ssrf_guard(allow_loopback=False) as refused, pytest.raises(AddressError):
            socket.create_connection(server.getsockname())
        assert ["a loopback address" in str(error) for error in refused] == [True]
        with ssrf_guard(allow_loopback=True):
            socket.create_connection(server.getsockname()).close()
        socket.create_connection(server.getsockname()).close()  # outside the guard nothing has changed


@pytest.mark.parametrize(
    "way",
    [
        lambda: subprocess.run(["ffmpeg", "-version"], check=False),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("10.0.0.1", 53)),
        lambda: socket.socket(socket.AF_UNIX).connect("/run/docker.sock"),
    ],
    ids=["program", "datagram", "local socket"],
)
def test_no_way_round_the_guard(way: Callable[[], object]) -> None:
    with ssrf_guard(allow_loopback=True), pytest.raises(AddressError):
        way()
