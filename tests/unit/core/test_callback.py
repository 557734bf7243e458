import base64
import hashlib
import hmac

import pytest

from sidecar.core.callback import signed, wait_after

BODY = b'{"a":1}'


def signature(headers):
    return dict(headers)[b"webhook-signature"]


def expected(key, message=b"m1", stamp=b"1000"):
    digest = hmac.new(key, message + b"." + stamp + b"." + BODY, hashlib.sha256).digest()
    return b"v1," + base64.b64encode(digest)


def test_a_callback_is_signed_as_standard_webhooks_have_it():
    headers = dict(signed("secret", "m1", 1000.9, BODY))
    assert headers[b"webhook-id"] == b"m1"
    assert headers[b"webhook-timestamp"] == b"1000"
    assert headers[b"webhook-signature"] == expected(b"secret")
    assert headers[b"Content-Length"] == b"7"


def test_the_vector_of_the_standard_comes_out():
    # github.com/standard-webhooks/standard-webhooks, the test of its libraries
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    headers = signed(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signature(headers) == b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["whsec_%%%", "whsec_"])
def test_a_secret_that_only_looks_like_base_64_is_taken_as_it_is(secret):
    assert signature(signed(secret, "m1", 1000, BODY)) == expected(secret.encode())


def test_each_attempt_has_a_stamp_and_a_signature_of_its_own():
    assert signature(signed("s", "m1", 1000, BODY)) != signature(signed("s", "m1", 1001, BODY))


def test_waits_double_up_to_five_minutes():
    assert [wait_after(n) for n in range(1, 12)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
