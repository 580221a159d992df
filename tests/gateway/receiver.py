"""The webhook receiver of the tools, served on a free port for a test."""

import asyncio
import socket
import threading
from contextlib import contextmanager

import httpx
import uvicorn

from trygg_tools.webhook import Receiver, receiver_app

SECONDS = 30
SECRET = "whsec_c2tvZ2VuIG9nIGZqZWxsZXQsIGZqb3JkZW4gb2cgZWx2YQ=="


class Served:
    """A receiver that runs; `url` is where to post."""

    def __init__(self, port):
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/hook"

    def received(self, **query):
        """The receiver's summary."""
        asked = httpx.get(f"{self.root}/received", params=query, trust_env=False, timeout=SECONDS)
        return asked.json()

    def fail(self, *faults):
        """Order faults: names, or dicts with times and retry_after."""
        asked = [{"fault": one} if isinstance(one, str) else one for one in faults]
        url = f"{self.root}/faults"
        answer = httpx.post(url, json=asked, trust_env=False, timeout=SECONDS)
        answer.raise_for_status()


@contextmanager
def served(out, port=0):
    """A receiver on a port, keeping in `out`."""
    # asyncio sets TCP_NODELAY only on a socket that says it is TCP
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    bound.listen()  # who comes before the server is up waits, and is not refused
    receiver = Receiver(SECRET, out)
    server = uvicorn.Server(
        uvicorn.Config(
            receiver_app(receiver), log_config=None, lifespan="off", timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([bound])))
    thread.start()
    try:
        yield Served(bound.getsockname()[1])
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        bound.close()
        receiver.close()
