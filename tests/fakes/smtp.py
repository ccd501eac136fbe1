"""A mail server on loopback that takes letters, or refuses them as it is told."""

from __future__ import annotations

import socketserver
import threading
from types import TracebackType


class FakeSmtp:
    """`with FakeSmtp() as server:` listens at `server.port`; `letters` are what it took, as they came.

    `replies` maps a command (`MAIL`, `RCPT`, `DATA`, or `.` for the end of a letter) to the line that it is answered
    with instead of a good one. A silent server takes the connection and says nothing.
    """

    def __init__(self, replies: dict[str, str] | None = None, *, silent: bool = False) -> None:
        self.replies = replies or {}
        self.silent = silent
        self.letters: list[str] = []
        self.connections = 0
        self._done = threading.Event()

    def __enter__(self) -> FakeSmtp:
        double = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                double.connections += 1
                if double.silent:
                    double._done.wait(10)
                    return
                double._talk(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _talk(self, client: socketserver.StreamRequestHandler) -> None:
        def say(text: str) -> None:
            client.wfile.write(f"{text}\r\n".encode())

        say("220 test")
        while line := client.rfile.readline():
            command = line.decode().strip().upper()[:4]
            if command == "QUIT":
                say("221 bye")
                return
            reply = self.replies.get(command, "354 go on" if command == "DATA" else "250 ok")
            say(reply)
            if command == "DATA" and reply.startswith("354"):
                letter = self._read_letter(client)
                reply = self.replies.get(".", "250 taken")
                if reply.startswith("250"):
                    self.letters.append(letter)
                say(reply)

    def _read_letter(self, client: socketserver.StreamRequestHandler) -> str:
        lines = []
        while (line := client.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.decode())
        return "".join(lines)
