"""A web server on this machine that answers as a test tells it to."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Loopback:
    """files: content by path. `requests` counts how often each path was asked for."""

    def __init__(self):
        self.files = {}
        self.requests = []
        self.endless = set()  # paths that never stop
        self.short = set()  # paths that break off in the middle
        self.address = ""


@contextmanager
def loopback():
    state = Loopback()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            state.requests.append(self.path)
            content = state.files.get(self.path)
            if self.path in state.endless:
                self.send_response(200)
                self.end_headers()
                while True:
                    try:
                        self.wfile.write(b"never the end\n" * 5_000)
                    except OSError:
                        return
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if self.path in state.short else content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
