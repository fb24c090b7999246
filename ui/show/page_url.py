"""The address of the page, as the visitor's browser has it."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import streamlit as st
from streamlit import config
from streamlit.runtime.scriptrunner import get_script_run_ctx


def page_url() -> str:
    """The address without what it says after “?”; empty where there is no browser.

    Streamlit's own takes the first page's name that the old address ends in for the old page's, as
    tuning in fine_tuning, and leaves the rest of it in the new address.
    """
    context = get_script_run_ctx()
    told = getattr(context and context.context_info, "url", "")
    if context is None or not told:
        return st.context.url or ""
    pages = context.pages_manager.get_pages()
    names = {page.get("url_pathname", "") for page in pages.values()} - {""}
    here = pages.get(context.pages_manager.current_page_script_hash)
    parts = urlsplit(told)
    base, path = below_base(parts.path)
    path = path.rstrip("/")
    if path.rpartition("/")[2] in names:
        path = path.rpartition("/")[0]
    name = here.get("url_pathname", "") if here else ""
    return urlunsplit(parts._replace(path=f"{base}{path}/{name}", query="", fragment=""))


def below_base(path: str) -> tuple[str, str]:
    """A path in two: below what the server is told to serve the app, if anything, and the rest.

    What it is told may be called as a lesson is.
    """
    base = "/" + config.get_option("server.baseUrlPath").strip("/")
    if base != "/" and f"{path}/".startswith(f"{base}/"):
        return base, path.removeprefix(base)
    return "", path
