"""Which network addresses this service may be sent to by what people name."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.registers import reach, strangers


AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
ADDRESSES = st.one_of(
    st.ip_addresses(v=4),
    st.sampled_from(["127.0.0.1", "10.1.2.3", "224.0.0.1", "8.8.8.8", "0.0.0.0"]).map(
        ipaddress.IPv4Address
    ),
)
PREFIXES = {
    "mapped": lambda low: (0xFFFF << 32) | low,
    "compatible": lambda low: low,
    "nat64": lambda low: (0x64FF9B << 96) | low,
    "6to4": lambda low: (0x2002 << 112) | (low << 80) | 1,
    "teredo": lambda low: (0x20010000 << 96) | (0x08080808 << 64) | (low ^ 0xFFFFFFFF),
}


def is_plain(address: ipaddress.IPv4Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
    )


@given(ADDRESSES, st.sampled_from(sorted(PREFIXES)))
def test_no_spelling_of_an_address_reaches_further_than_the_address(low, how):
    inside = str(ipaddress.IPv6Address(PREFIXES[how](int(low))))
    assert reach.is_outside(str(low)) == is_plain(low)
    assert is_plain(low) or not reach.is_outside(inside)


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("64:ff9b::808:808", True),
        ("::ffff:8.8.8.8", True), ("ff02::1", False), ("224.0.0.1", False),
        ("::", False), ("::1", False), ("::8.8.8.8", False), ("fe80::1%eth0", False),
        ("240.0.0.1", False), ("not an address", False),
    ],
)  # fmt: skip
def test_only_single_machines_on_the_public_internet_are_outside(address, outside):
    assert reach.is_outside(address) is outside


@pytest.mark.parametrize(
    "host", ["[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]", "224.0.0.1", "[ff02::1]"]
)  # fmt: skip
def test_a_url_whose_host_leads_inside_is_refused(host):
    with pytest.raises(BadInput, match="not on the public internet"):
        reach.check_address(f"https://{host}/")


@given(
    st.ip_addresses(v=6).filter(lambda a: not a.ipv4_mapped),
    st.integers(0, 2**64 - 1),
    st.integers(0, 63),
)
def test_whoever_holds_a_network_of_version_6_is_one_sender(address, low, bit):
    """A subscriber has 2^64 addresses: counted one by one they would know no limit."""
    high = int(address) >> 64 << 64
    beside = ipaddress.IPv6Address(high | low)
    elsewhere = ipaddress.IPv6Address((high ^ 1 << 64 + bit) | low)
    mine = strangers.source_hash(str(address), at=AT)
    if not beside.ipv4_mapped:
        assert strangers.source_hash(str(beside), at=AT) == mine
    if not elsewhere.ipv4_mapped:
        assert strangers.source_hash(str(elsewhere), at=AT) != mine


def test_of_version_4_each_address_is_a_sender_however_it_is_spelt():
    first, second = (strangers.source_hash(f"192.0.2.{n}", at=AT) for n in (1, 2))
    assert first != second
    assert strangers.source_hash("::ffff:192.0.2.1", at=AT) == first
