"""Under which addresses others reach this app: for a link that a whole room can open."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from urllib.parse import urlsplit

import streamlit as st

from ui.show.page_url import page_url

# One address of each kind of private network, and one outside. Nothing is sent to them: the system
# only says which of its own addresses it would use.
_TOWARDS = ("192.168.255.254", "10.255.255.254", "172.31.255.254", "8.8.8.8")


def own_page() -> str:
    """The address of the app as this visitor's browser has it, without a page's name; ends in "/".

    Behind a proxy that is the public one.
    """
    url = page_url() or _told_by_headers()
    parts = urlsplit(url)
    path = parts.path.rpartition("/")[0] + "/"
    return f"{parts.scheme or 'http'}://{parts.netloc}{path}"


def _told_by_headers() -> str:
    headers = st.context.headers
    host = headers.get("X-Forwarded-Host") or headers.get("Host") or "localhost"
    scheme = (headers.get("X-Forwarded-Proto") or "http").split(",")[0].strip()
    return f"{scheme if scheme in ('http', 'https') else 'http'}://{host}/"


def is_this_computer(page: str) -> bool:
    """Whether an address leads nowhere but to the computer that it is opened on."""
    host = urlsplit(page).hostname or ""
    if host in ("localhost", ""):
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def pages_in_network(page: str) -> list[str]:
    """The same app under this computer's own addresses in its networks; the likeliest first."""
    parts = urlsplit(page)
    port = f":{parts.port}" if parts.port else ""
    return [f"{parts.scheme}://{address}{port}{parts.path}" for address in own_addresses()]


def own_addresses() -> list[str]:
    """This computer's addresses (IPv4) in the networks that it is in."""
    found: list[str] = []
    for target in _TOWARDS:
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((target, 9))
            found.append(probe.getsockname()[0])
    with suppress(OSError):
        found += socket.gethostbyname_ex(socket.gethostname())[2]
    return [one for one in dict.fromkeys(found) if not ipaddress.ip_address(one).is_loopback]
