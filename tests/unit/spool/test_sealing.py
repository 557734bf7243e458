import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.spool import Answer
from sidecar.spool.records import Records, Unusable
from sidecar.spool.sealing import KeySeal, NoSeal, Unsealable, proof, proves

KEY = KeySeal(bytes(range(32)))
OTHER = KeySeal(bytes(32))
SEALS = pytest.mark.parametrize("seal", [NoSeal(), KEY], ids=["plain", "sealed"])
HEADERS = st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=4)


@SEALS
@given(data=st.binary(max_size=200), about=st.text(max_size=20))
def test_what_is_sealed_comes_back(seal, data, about):
    assert seal.unseal(seal.seal(data, about), about) == data


@given(data=st.binary(min_size=8, max_size=100), where=st.integers(0, 300), bit=st.integers(0, 7))
def test_no_bit_of_what_is_sealed_can_be_changed(data, where, bit):
    sealed = bytearray(KEY.seal(data, "a"))
    sealed[where % len(sealed)] ^= 1 << bit
    if bytes(sealed[:1]) == b"\x00":  # it says that it is plain, as what was before the key
        return
    with pytest.raises(Unsealable):
        KEY.unseal(bytes(sealed), "a")


def test_what_is_sealed_shows_nothing_and_never_looks_the_same():
    sealed = {KEY.seal(b"the same text", "a") for _ in range(50)}
    assert len(sealed) == 50
    assert not [one for one in sealed if b"same" in one]


@pytest.mark.parametrize("cut", [0, 1, 10, 28, 29, 40])
def test_what_was_cut_is_unreadable(cut):
    with pytest.raises(Unsealable):
        KEY.unseal(KEY.seal(b"some text", "a")[:cut], "a")


def test_neither_another_key_nor_another_place_nor_no_key_reads_it():
    sealed = KEY.seal(b"text", "a")
    for seal, about in ((OTHER, "a"), (KEY, "b"), (NoSeal(), "a")):
        with pytest.raises(Unsealable):
            seal.unseal(sealed, about)


def test_a_spool_knows_its_key_by_a_proof():
    assert proves(KEY, proof(KEY))
    assert proves(KEY, proof(NoSeal()))  # it had no key before
    assert not proves(OTHER, proof(KEY))
    assert not proves(NoSeal(), proof(KEY))


@SEALS
@given(
    headers=HEADERS, body=st.binary(max_size=200), target=st.text(), status=st.integers(100, 599)
)
def test_requests_and_answers_come_back_byte_for_byte(seal, headers, body, target, status):
    records = Records(seal)
    assert records.read_request("id", records.request("id", headers, body)) == (headers, body)
    answer = Answer(status, headers, body, truncated=True)
    assert records.read_answer("id", records.answer("id", answer)) == answer
    target = target.encode("utf-8", "replace").decode()
    assert records.read_target("id", records.target("id", target)) == target


def test_a_target_keeps_bytes_that_are_no_text():
    records = Records(NoSeal())
    target = b"/a\xff%20".decode("utf-8", "surrogateescape")
    assert records.read_target("id", records.target("id", target)) == target


@given(data=st.binary(max_size=60))
def test_whatever_else_is_there_is_unusable_and_nothing_worse(data):
    for records in (Records(NoSeal()), Records(KEY)):
        for mark in (b"", b"\x00\x01", b"\x01"):
            for read in (records.read_request, records.read_answer):
                with pytest.raises(Unusable):
                    read("id", mark + data + b"\xc1")
