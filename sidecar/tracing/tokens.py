"""The body of a model's answer, from which its tokens are read while it passes unchanged."""

from dataclasses import dataclass

from sidecar.dialects.tokens import TokenReader
from sidecar.exchange import Body, Response


@dataclass(slots=True, eq=False)
class CountedBody:
    """A body that is passed on as it comes."""

    body: Body
    reader: TokenReader

    @property
    def length(self) -> int | None:
        """As declared."""
        return self.body.length

    def take(self) -> bytes | None:
        """What has arrived."""
        data = self.body.take()
        if data:
            self.reader.feed(data)
        return data

    async def read(self) -> bytes:
        """The next bytes; b"" at the end."""
        data = await self.body.read()
        if data:
            self.reader.feed(data)
        return data


def counted(response: Response) -> TokenReader:
    """Follow a response's body from now on; with the reader that does so already, if one does."""
    if isinstance(response.body, CountedBody):
        return response.body.reader
    reader = TokenReader(response.headers)
    response.body = CountedBody(response.body, reader)
    return reader
