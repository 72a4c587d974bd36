"""Which addresses are public, however they are written."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.image_files.fetch import is_public

FOURS = st.ip_addresses(v=4)


@pytest.mark.parametrize(
    "public", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"]
)
def test_addresses_of_the_web_are_public(public):
    assert is_public(public)


@pytest.mark.parametrize("nonsense", ["", "localhost", "1.2.3", "1.2.3.4.5", "fe80::1%eth0", "::1%1", "²", "1.1.1.1\n"])
def test_what_is_no_address_or_has_a_zone_is_not_public(nonsense):
    assert not is_public(nonsense)


@given(FOURS)
def test_an_address_within_an_address_is_judged_by_itself(four):
    packed = int(four)
    mapped = ipaddress.IPv6Address(0xFFFF << 32 | packed)
    nat64 = ipaddress.IPv6Address(0x64FF9B << 96 | packed)
    sixtofour = ipaddress.IPv6Address(0x2002 << 112 | packed << 80)
    assert {is_public(str(each)) for each in (mapped, nat64, sixtofour)} == {is_public(str(four))}


@pytest.mark.parametrize(
    "network",
    [
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("192.0.0.0/24", "100.64.0.0/10", "fe80::/10", "fec0::/10", "fc00::/7", "3fff::/20", "5f00::/16"),
    ],
)
def test_no_address_of_a_private_network_is_public(network):
    @given(st.ip_addresses(network=network))
    def check(address):
        assert not is_public(str(address))

    check()


@pytest.mark.parametrize("network", ["fc00::/7", "fe80::/10", "ff00::/8", "::/96"])
def test_no_address_of_a_private_ipv6_network_is_public(network):
    @given(st.ip_addresses(network=network))
    def check(address):
        assert not is_public(str(address))

    check()
