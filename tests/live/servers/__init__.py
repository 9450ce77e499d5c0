"""The real servers that live tests run on: each starts on loopback and ends with the test run."""


class ServerUnavailable(RuntimeError):
    """A server's program is not on this machine; the message says how to get it."""
