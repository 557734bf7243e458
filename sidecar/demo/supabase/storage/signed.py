"""Signed URLs: a token for one object, for a time. Relative: clients prepend their base."""

from typing import Any
from urllib.parse import quote

from aiohttp import web

from sidecar.demo.supabase.encoding import json_answer
from sidecar.demo.supabase.jwt import BadTokenError, sign, verify
from sidecar.demo.supabase.storage.asked import Asked
from sidecar.demo.supabase.storage.objects import StorageError

UPLOAD_LIFETIME = 7_200


async def sign_download(asked: Asked) -> web.StreamResponse:
    """URLs by which anybody may read an object, or several."""
    given = await asked.json()
    until = int(asked.now) + int(given.get("expiresIn") or 60)
    bucket = asked.store.bucket(asked.bucket)
    if asked.name:
        url = _signed(asked, bucket.object(asked.name).name, until)
        return json_answer(asked.request, {"signedURL": url})
    answers = []
    for name in given.get("paths") or []:
        there = name in bucket.objects
        error = None if there else "Either the object does not exist or you do not have access"
        url_or_none = _signed(asked, name, until) if there else None
        answers.append({"error": error, "path": name, "signedURL": url_or_none})
    return json_answer(asked.request, answers)


def _signed(asked: Asked, name: str, until: int) -> str:
    """Relative, as the real server gives it: clients put their own base in front."""
    key = f"{asked.bucket}/{name}"
    token = sign({"url": key, "iat": int(asked.now), "exp": until})
    return f"/object/sign/{key}?token={token}"


async def sign_upload(asked: Asked) -> web.StreamResponse:
    """A URL by which anybody may write an object, once for two hours."""
    asked.store.bucket(asked.bucket)
    key = f"{asked.bucket}/{asked.name}"
    upsert = asked.request.headers.get("x-upsert", "") == "true"
    claims = {"url": key, "upload": True, "upsert": upsert, "exp": int(asked.now) + UPLOAD_LIFETIME}
    url = f"/object/upload/sign/{quote(key)}?token={sign(claims)}"
    return json_answer(asked.request, {"url": url, "token": url.partition("token=")[2]})


def check_token(asked: Asked, key: str, *, upload: bool) -> dict[str, Any]:
    """The claims of the request's token, if it was made for this object and this purpose."""
    try:
        claims = dict(verify(asked.target.last("token"), asked.now))
    except BadTokenError as error:
        raise StorageError(400, "InvalidJWT", str(error)) from None
    if claims.get("url") != key or bool(claims.get("upload")) != upload:
        raise StorageError(400, "InvalidSignature", "The signature does not match this object")
    return claims
