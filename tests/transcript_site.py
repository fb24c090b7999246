"""A transcript site on this machine that serves pages like the real one's, and misbehaves."""

import socket
import struct
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from corpus.scraper.fetcher import Manners
from corpus.scraper.site import Site

QUICK = Manners(
    pace=0.0,
    jitter=0.0,
    tries=3,
    backoff=0.01,
    longest_wait=5.0,
    connect_seconds=2.0,
    read_seconds=1.0,
    page_seconds=1.0,
    page_bytes=200_000,
)


def script_page(script):
    return (
        "<html><head><title>x</title></head><body><h1>Modern Family s01e01 Episode Script</h1>"
        "<h3>Pilot</h3><div class='breadcrumbs'>Home</div>"
        f'<div class="episode scrolling-script-container">{script}</div>'
        "<div class='breadcrumbs'>Previous Episode Report an Issue</div></body></html>"
    )


def show_page(slug, keys):
    links = "".join(
        f'<a href="view_episode_scripts.php?tv-show={slug}&amp;episode={key}" '
        f'class="season-episode-title">{i}. Title of {key}</a>'
        for i, key in enumerate(keys, 1)
    )
    return f"<div class='season-episodes'><h3 id='season1'>Season 1</h3>{links}</div>"


class FakeSite(ThreadingHTTPServer):
    """pages: what to answer for each path; a string, a (status, headers, body), or a function."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.site = Site(self.origin, loopback=True)
        self.pages = {}
        self.asked = []  # (seconds, path, headers)
        self.ending = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def __exit__(self, *_error):
        self.ending.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass  # a client that goes away is part of the tests

    def show(self, episodes, slug="modern-family"):
        """Serve a show: {"s01e01": answer, …}; a string that is no page becomes its script."""
        self.pages[f"/episode_scripts.php?tv-show={slug}"] = show_page(slug, episodes)
        for key, answer in episodes.items():
            if isinstance(answer, str) and "<html" not in answer:
                answer = script_page(answer)
            self.pages[f"/view_episode_scripts.php?tv-show={slug}&episode={key}"] = answer

    def count(self):
        """How often each episode, the list and robots.txt were asked for."""
        keys = (
            parse_qs(urlsplit(path).query).get("episode", [path])[0] for _, path, _ in self.asked
        )
        return Counter(keys)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.asked.append((time.monotonic(), self.path, dict(self.headers)))
        answer = self.server.pages.get(self.path)
        if callable(answer):
            answer = answer(self)
            if answer is None:  # it has answered itself
                self.close_connection = True
                return
        if answer is None:
            answer = (404, {}, "<html>no such page</html>")
        status, headers, body = (200, {}, answer) if isinstance(answer, str | bytes) else answer
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in ({"Content-Type": "text/html"} | headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def reset(self):
        """Close so that the client sees a reset, not an end."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
