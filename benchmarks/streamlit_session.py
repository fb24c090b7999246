"""A visitor without a browser: speaks Streamlit's websocket protocol to an app on this machine.

Every rerun sends one BackMsg (protobuf) with the widgets' values, as the browser does, and reads
ForwardMsgs up to script_finished. Large messages that didn't change are kept and referred to by
their hash, as the browser does. After every rerun of the page it is checked that the lesson that
was asked for has answered, and no other.
"""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

import requests
from streamlit.components.v2.bidi_component.constants import EVENT_DELIM
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from websockets.asyncio.client import ClientConnection, connect

WIDGETS = (
    *("button", "button_group", "checkbox", "file_uploader", "number_input", "radio"),
    *("selectbox", "slider", "text_area", "text_input"),
)
_LONGEST_MESSAGE = 64 * 2**20
_KEPT_RUNS = 2  # reruns that the browser keeps an unused message for (global.maxCachedMessageAge)


class WrongPageError(RuntimeError):
    """Another page than the one that was asked for has answered."""


class Session:
    """One open page of the app. Use as `async with Session(port, "attention") as session`."""

    def __init__(self, port: int, page: str) -> None:
        self._address = f"ws://127.0.0.1:{port}/_stcore/stream"
        self._page = page
        self._socket: ClientConnection
        self._page_hash = ""  # of the page; `new_session` has the one of the main script
        self._answered = ""  # the address of the page that answered last
        self._heading = ""  # its title, as it was when the page was opened
        self._shown = ""  # its title now
        self._kept: dict[str, tuple[int, Delta]] = {}  # by hash: reruns since it was used, message
        self._query: dict[str, str] = {}
        self._values: dict[str, WidgetState] = {}
        self.widgets: dict[str, tuple[str, Any]] = {}  # id → kind, and its message
        self._upload_urls: list[FileURLs] = []
        self.ticks: dict[str, float] = {}  # fragment id → seconds between its reruns
        self._pages: dict[str, str] = {}  # address → hash
        self.asked = b""  # the message that asked for the last rerun
        self.exceptions: list[str] = []
        self.only_parts = False  # whether the last rerun was of fragments, not of the page
        self.announced = 0  # reruns that the app told of in answer to what was asked last
        self.ahead = 0  # elements that came before it told of one
        # What the page shows: by its place, the fragment that drew it and its message.
        self.shown: dict[tuple[int, ...], tuple[str, Delta]] = {}
        self._touched: dict[tuple[int, ...], str] = {}  # in this rerun: place → fragment

    async def __aenter__(self) -> Self:
        self._socket = await connect(
            self._address, subprotocols=["streamlit"], max_size=_LONGEST_MESSAGE
        )
        return self

    async def __aexit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()

    async def open(self, timeout: float = 60.0, **query: str) -> float:
        """Load the page with this query string; seconds until it was complete."""
        self._query = query
        self._page_hash = self._heading = ""
        seconds = await self._rerun_page(timeout, page_name=self._page)
        self._heading = self._shown
        return seconds

    async def go_to(self, page: str, timeout: float = 60.0) -> float:
        """Follow a link to another page of the app; seconds until it was complete."""
        self._page, self._heading, self._query = page, "", {}
        self._values.clear()
        seconds = await self._rerun_page(timeout, page_script_hash=self._pages[page])
        self._heading = self._shown
        return seconds

    @property
    def query(self) -> dict[str, str]:
        """What the page's address says."""
        return dict(self._query)

    async def rerun(self, timeout: float = 60.0) -> float:
        """Let the whole page run once more; seconds it took."""
        return await self._rerun_page(timeout, page_script_hash=self._page_hash)

    async def type(self, label: str, text: str, key: str, timeout: float = 60.0) -> float:
        """Type into the text box with this label, bound to the URL as key; seconds it took."""
        self._query[key] = text
        identity = self._find(label)
        # The browser asks for the part of the page that the box is in.
        part = next(f for f, delta in self.shown.values() if identity in str(delta.new_element))
        return await self.use(identity, timeout, part, string_value=text)

    async def press(self, label: str, timeout: float = 60.0) -> float:
        """Press the button with this label; seconds until the page has answered."""
        return await self.use(self._find(label), timeout, trigger_value=True)

    def find(self, kind: str, label: str) -> str:
        """The id of the newest widget of a kind with this label. Raises KeyError."""
        for identity, (its, widget) in reversed(self.widgets.items()):
            if its == kind and widget.label == label:
                return identity
        raise KeyError(f"There is no {kind} called {label!r}.")

    def fill(self, identity: str, **value: Any) -> None:
        """Give a widget of a form a value, which is told when the form is."""
        self._values[identity] = WidgetState(id=identity, **value)

    async def use(
        self, identity: str, timeout: float = 60.0, part: str = "", **value: Any
    ) -> float:
        """Give the widget of this id a value, a field of WidgetState; seconds until the answer.

        part: the fragment that is asked for; empty for the whole page.
        """
        state = WidgetState(id=identity)
        for name, content in value.items():
            if isinstance(content, list):
                getattr(state, name).data.extend(content)
            else:
                setattr(state, name, content)
        self._values[identity] = state
        try:
            return await self._rerun_page(
                timeout, page_script_hash=self._page_hash, fragment_id=part
            )
        finally:
            if "trigger_value" in value:
                del self._values[identity]

    async def tell(
        self, component: str, event: str, value: object, timeout: float = 60.0, part: str = ""
    ) -> float:
        """A component of this name reports an event; seconds until the page has answered.

        part: the fragment that is asked for, if not its own.
        """
        fragment, shown = next(
            (fragment, delta.new_element.bidi_component)
            for fragment, delta in self.shown.values()
            if delta.new_element.bidi_component.component_name.endswith(component)
        )
        said = json.dumps({"event": event, "value": value})
        identity = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{shown.id}{EVENT_DELIM}events"
        self._values[identity] = WidgetState(id=identity, json_trigger_value=said)
        try:
            return await self._rerun_page(
                timeout, page_script_hash=self._page_hash, fragment_id=part or fragment
            )
        finally:
            del self._values[identity]

    async def upload(self, identity: str, name: str, content: bytes, timeout: float = 60.0) -> None:
        """Upload a file with the uploader of this id, as the browser does."""
        message = BackMsg()
        message.file_urls_request.request_id = name
        message.file_urls_request.file_names.append(name)
        await self.send(message.SerializeToString())
        async with asyncio.timeout(timeout):
            while not self._upload_urls:
                await self._finished()
        urls = self._upload_urls.pop()
        address = self._address.replace("ws", "http", 1).removesuffix("/_stcore/stream")
        put = partial(_put, address, urls.upload_url, (name, content), timeout)
        answer = await asyncio.to_thread(put)
        answer.raise_for_status()
        state = WidgetState(id=identity)
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.name, info.size, info.file_id = name, len(content), urls.file_id
        info.file_urls.CopyFrom(urls)
        self._values[identity] = state
        await self._rerun_page(timeout, page_script_hash=self._page_hash)

    async def send(self, message: bytes) -> None:
        """Send any bytes over the websocket, sense or nonsense."""
        await self._socket.send(message)

    def _find(self, label: str) -> str:
        """The id of the text box or button with this label. Raises KeyError."""
        for identity, (kind, widget) in self.widgets.items():
            if kind in ("text_input", "button") and widget.label == label:
                return identity
        raise KeyError(f"There is no box and no button called {label!r}.")

    async def tick(self, fragment: str, timeout: float = 60.0) -> float:
        """Rerun one fragment, as the browser's timer does."""
        return await self._rerun(
            timeout,
            page_script_hash=self._page_hash,
            fragment_id=fragment,
            is_auto_rerun=True,
        )

    async def _rerun_page(self, timeout: float, **target: Any) -> float:
        """Rerun the whole page. Raises WrongPageError unless it is the one that was asked for."""
        self._answered = self._shown = ""
        seconds = await self._rerun(timeout, **target)
        if self.only_parts:
            return seconds
        if self._answered != self._page or not self._shown:
            raise WrongPageError(
                f"Asked for the page {self._page!r}; {self._answered!r}, headed {self._shown!r}, "
                "has answered."
            )
        if self._heading and self._shown != self._heading:
            raise WrongPageError(f"The page was headed {self._heading!r}, now {self._shown!r}.")
        return seconds

    async def _rerun(self, timeout: float, **target: Any) -> float:
        message = BackMsg()
        state = message.rerun_script
        state.query_string = urlencode(self._query)
        state.widget_states.widgets.extend(self._values.values())
        state.cached_message_hashes.extend(self._kept)
        for name, value in target.items():
            setattr(state, name, value)
        state.context_info.url = f"{self._address.replace('ws', 'http')}"
        state.context_info.color_scheme = "light"
        self._touched, before, self.ticks = {}, self.ticks, {}
        self.announced = self.ahead = 0
        self.asked = message.SerializeToString()
        sent = time.perf_counter()
        await self._socket.send(self.asked)
        async with asyncio.timeout(timeout):
            while not await self._finished():
                pass
        seconds = time.perf_counter() - sent
        if self.only_parts:
            self.ticks = before | self.ticks
        self._forget_stale()
        self._kept = {
            key: (age + 1, delta) for key, (age, delta) in self._kept.items() if age < _KEPT_RUNS
        }
        return seconds

    async def _finished(self) -> bool:
        """Read one message; True if the script run that was asked for is over."""
        message = ForwardMsg()
        message.ParseFromString(await self._socket.recv())
        kind = message.WhichOneof("type")
        if message.metadata.cacheable:
            self._kept[message.hash] = 0, message.delta
        if kind == "new_session":
            self.announced += 1
        elif kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
            pages = message.navigation.app_pages
            self._pages = {page.url_pathname: page.page_script_hash for page in pages}
            by_hash = {value: address for address, value in self._pages.items()}
            self._answered = by_hash[self._page_hash]
        elif kind == "ref_hash":
            delta = self._kept[message.ref_hash][1]
            self._kept[message.ref_hash] = 0, delta
            self._draw(tuple(message.metadata.delta_path), delta)
        elif kind == "page_info_changed":
            self._query = dict(parse_qsl(message.page_info_changed.query_string, True))
        elif kind == "file_urls_response":
            self._upload_urls.extend(message.file_urls_response.file_urls)
        elif kind == "auto_rerun":
            self.ticks[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "delta":
            self.ahead += not self.announced
            self._draw(tuple(message.metadata.delta_path), message.delta)
        if kind != "script_finished":
            return False
        self.only_parts = message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY
        # A run that was cut short by st.rerun() is followed by another one.
        return message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN

    def content(self) -> dict[tuple[int, ...], str]:
        """All that is on the page by its place, but for the prompt, the visitor's id, as of when.

        Two visitors who see the same have the same content.
        """
        found = {}
        for place, (_, delta) in self.shown.items():
            copy = Delta()
            copy.CopyFrom(delta)
            copy.fragment_id = ""
            kind = copy.new_element.WhichOneof("type")
            if kind in WIDGETS:
                copy.new_element.ClearField("has_one_shot_effect")
                _forget_default(getattr(copy.new_element, kind))
            found[place] = str(copy)
        boxes = 'label: "Prompt under study"', 'label: "As of"'
        own = (*boxes, "visitor_component", '"prompt_editor"')
        return {place: text for place, text in found.items() if not any(o in text for o in own)}

    def _draw(self, place: tuple[int, ...], delta: Delta) -> None:
        fragment = delta.fragment_id
        self._touched[place] = fragment
        self.shown[place] = fragment, delta
        if delta.WhichOneof("type") == "new_element":
            self._remember(delta.new_element)

    def _forget_stale(self) -> None:
        """What the page, or a fragment that ran, has not drawn again is gone, as in the browser."""
        ran = set(self._touched.values())

        def stays(place: tuple[int, ...], fragment: str) -> bool:
            if place in self._touched:
                return True
            inside = any(place[:n] in self._touched for n in range(1, len(place)))
            return self.only_parts and fragment not in ran and not inside

        self.shown = {place: s for place, s in self.shown.items() if stays(place, s[0])}

    def _remember(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.exceptions.append(element.exception.message)
        elif kind == "heading" and element.heading.tag == "h1":
            self._shown = element.heading.body
        elif kind in WIDGETS:
            widget = getattr(element, kind)
            self.widgets[widget.id] = kind, widget


def _forget_default(widget: Any) -> None:
    """A widget that was put back on its default looks like one that always stood there."""
    if not getattr(widget, "set_value", False):
        return
    fields = [name for name in ("raw_value", "raw_values", "value") if hasattr(widget, name)]
    default, *values = (_listed(getattr(widget, name)) for name in ("default", *fields))
    options = [getattr(option, "content", option) for option in getattr(widget, "options", ())]
    if options:
        default = [options[int(i)] for i in default]
    if next(filter(None, values), []) == default:
        for name in ("set_value", *fields):
            widget.ClearField(name)


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, str | int | float) else list(value)


def _put(address: str, path: str, file: tuple[str, bytes], timeout: float) -> requests.Response:
    """Put a file as a page in a frame does, where the browser keeps no cookie."""
    return requests.put(address + path, files={"file": file}, timeout=timeout)
