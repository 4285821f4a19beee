"""File addresses: good for one file, one recipient, one time and one key."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from staithe.exchange.signing import FileAddress, is_signed, sign


KEY = b"k" * 32
numbers = st.integers(0, 2**40)
words = st.text("ABCGRT-0123456789", min_size=1, max_size=14)
addresses = st.builds(FileAddress, words, numbers, numbers, numbers, numbers)


@given(addresses)
def test_a_signed_address_is_good_until_its_last_second(address):
    signature = sign(address, key=KEY)
    assert is_signed(address, signature, key=KEY, now=address.expires)
    assert not is_signed(address, signature, key=KEY, now=address.expires + 1)


@given(addresses, addresses)
def test_a_signature_serves_no_other_address(address, other):
    assume(address != other)
    signature = sign(address, key=KEY)
    assert not is_signed(other, signature, key=KEY, now=0)


@given(addresses, st.data())
def test_changing_one_part_breaks_the_signature(address, data):
    name = data.draw(st.sampled_from(["version", "index", "recipient", "expires"]))
    changed = replace(address, **{name: getattr(address, name) + 1})
    assert not is_signed(changed, sign(address, key=KEY), key=KEY, now=0)


@given(addresses, st.text(max_size=60))
def test_no_other_text_is_a_signature(address, text):
    assume(text != sign(address, key=KEY))
    assert not is_signed(address, text, key=KEY, now=0)


@given(addresses)
def test_another_key_signs_otherwise_and_the_text_is_safe_in_an_address(address):
    signature = sign(address, key=KEY)
    assert signature != sign(address, key=b"l" * 32)
    assert set(signature) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )
