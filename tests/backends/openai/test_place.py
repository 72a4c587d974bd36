"""Where a server is: addresses of every form, and whether they are this machine."""

import pytest

from app.backends.openai.place import Place, address, is_loopback, place, refuse_remote
from app.errors import Outage, UsageError


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://host/prefix/v1/chat/completions", "https://host/prefix"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("HTTP://Host:80/v1", "http://host"),
    ],
)
def test_an_address_may_be_given_with_or_without_v1(given: str, root: str) -> None:
    assert address(given) == root


@pytest.mark.parametrize(
    "given",
    [
        *("ftp://x/", "http://", "file:///etc/passwd", "http:///v1", "http://[::1", "http://[x]/v1"),
        *("http://host:65536/v1", "http://host:0/v1", "http://host:port/v1"),
        *("http://host/\r\nX: 1", "http://host/a b", "http://h\u00f6st/", "http://host/\x1b[2J"),
    ],
)
def test_what_is_no_address_is_a_usage_error(given: str) -> None:
    with pytest.raises(UsageError) as failure:
        address(given)
    assert failure.value.message.isprintable()


@pytest.mark.parametrize(
    "given", ["http://me:secret@host/v1", "http://secret@host", "http://me:secret@[::1", "http://me:sec/ret@host:99999"]
)
def test_credentials_in_an_address_are_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(UsageError, match="no password") as failure:
        address(given)
    assert "secret" not in str(failure.value)
    assert "host/" not in str(failure.value)


@pytest.mark.parametrize(
    "given",
    [
        *("http://127.0.0.1:9", "http://localhost:9/v1", "http://[::1]:9", "http://[::ffff:127.0.0.1]:9"),
        *("http://0.0.0.0:9", "http://127.1:9", "http://2130706433:9", "http://0x7f000001:9", "https://127.200.3.4"),
    ],
)
def test_every_form_of_this_machine_is_this_machine(given: str) -> None:
    found = place(given)
    assert found.is_here
    assert not found.is_overheard
    refuse_remote(found)


@pytest.mark.parametrize(
    "given",
    ["http://192.0.2.7:8080/v1", "http://[2001:db8::7]:8080", "http://[::ffff:192.0.2.7]:9", "http://3221225991:9"],
)
def test_any_other_machine_is_refused_with_the_flag_that_allows_it(given: str) -> None:
    found = place(given)
    assert not found.is_here
    assert found.is_overheard
    with pytest.raises(UsageError, match="is not this machine") as failure:
        refuse_remote(found)
    assert "--allow-remote" in failure.value.hint


def test_a_name_with_one_address_elsewhere_is_elsewhere() -> None:
    """Whoever answers for the name may not choose afterwards which of them it is."""
    mixed = Place("https", "rebinding.example", 443, "", ("127.0.0.1", "192.0.2.7"))
    assert not mixed.is_here
    with pytest.raises(UsageError, match=r"rebinding.example \(127.0.0.1, 192.0.2.7\)"):
        refuse_remote(mixed)


def test_a_host_that_nobody_knows_is_explained() -> None:
    with pytest.raises(Outage, match=r"nowhere\.invalid cannot be found"):
        place("http://nowhere.invalid:8080/v1")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("127.255.255.254", True),
        ("::1", True),
        ("fe80::1%eth0", False),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
    ],
)
def test_numbers_are_judged_and_not_their_spelling(number: str, expected: bool) -> None:
    assert is_loopback(number) is expected
