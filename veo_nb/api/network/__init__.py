"""How bytes come and go: asyncio's own transports for httpx2, in place of a library that speaks to two event loops.

httpcore2's own backend goes through anyio: for each piece of an answer a scope that may be cancelled, an idle turn of the
loop, and the socket taken out of the selector and put back; and before each call it asks the system of every connection that
is kept whether it is still good. All of that is known here without asking.
"""

from veo_nb.api.network.backend import Network, with_network

__all__ = ["Network", "with_network"]
