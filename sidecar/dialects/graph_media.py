"""Downloads of WhatsApp media: no error is worth a second request.

Source: 360dialog, "Media": 20 errors of one number in 60 minutes block its downloads for 30.
"""

from sidecar.dialects import graph, plain
from sidecar.exchange import RawHeaders
from sidecar.judgement import Judgement


def judge(method: str, status: int, headers: RawHeaders, body: bytes, wall: float) -> Judgement:
    """As the Graph API's, but every error is `permanent`."""
    found = graph.judge(method, status, headers, body, wall)
    return found if found.kind == "done" else found._replace(kind="permanent")


first_frame = plain.first_frame
streams = plain.streams
end_of = plain.end_of
