"""Choose, paste or upload the text that the lessons use, with a report of what was changed."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

import corpus
from corpus.datasets import DATA_SETS, DataSet, load
from pages.data import words
from ui.app import widgets
from ui.app.chosen_text import (
    NOT_IN_LINK,
    Upload,
    bundled_corpus,
    choose_corpus,
    chosen_corpus,
    chosen_upload,
    is_own,
    name_of_set,
)
from ui.app.links import page_of
from ui.app.sitcom_text import sitcom_as_text
from ui.show.names import as_text, show_error
from ui.show.tables import show_frame

_BUNDLED, _GENERATED = "The bundled sitcom", "The sitcom, generated"
_KNOWN = "A well-known text"
_PASTE, _UPLOAD = "Paste a text", "Upload a file"
_LONGEST_EXCERPT = 260


def text_picker() -> None:
    """Widgets for one of five sources; what is refused is said, what was chosen stays."""
    source = widgets.radio(
        "Which text?",
        [_BUNDLED, _GENERATED, _KNOWN, _PASTE, _UPLOAD],
        default=_BUNDLED,
        horizontal=True,
        key="text_source",
        persist_state="session",
    )
    chosen_corpus()  # which one the address names, before anything is said about it
    if source == _BUNDLED:
        if chosen_corpus() is not bundled_corpus() and st.button("Use the bundled sitcom again"):
            choose_corpus(None)
    elif source == _GENERATED:
        sitcom_as_text()
        st.page_link(
            page_of("sitcom"),
            label="Sitcom: a scene, and how it is made",
            icon=":material/theater_comedy:",
        )
    elif source == _KNOWN:
        _well_known()
    elif source == _PASTE:
        _paste()
    else:
        _upload()
    if upload := chosen_upload():
        _ask_whether_it_is_right(upload)
    chosen = chosen_corpus()
    st.success(words.in_use(chosen.name, len(chosen.text)), icon=":material/check_circle:")
    if is_own():
        st.caption(NOT_IN_LINK)
    if chosen.report is not None:
        _show_report(chosen.report)
    elif chosen is bundled_corpus():
        st.caption(words.BUNDLED)


def _well_known() -> None:
    """Nothing is fetched before the button is pressed."""
    names = list(DATA_SETS)
    name = names[0] if len(names) == 1 else st.selectbox("Which one?", names, key="data_set")
    data_set = DATA_SETS[name]
    st.markdown(f"**{name}**, {data_set.size / 1e6:.1f} MB. {data_set.about} {data_set.licence}")
    address = f"[{data_set.url.split('/')[2]}]({data_set.url})"
    if data_set.cached:
        label = f"Use {name}"
        st.caption(words.cached(address))
    else:
        label = f"Fetch {name}"
        st.caption(words.fetched(address, data_set.sha256))
    pressed = st.button(label, type="primary", icon=":material/download:", key="fetch_data_set")
    if pressed and _try(lambda: _fetch(data_set), name=name_of_set(data_set)):
        st.rerun()  # the words above say that it isn't here yet


def _fetch(data_set: DataSet) -> corpus.Corpus:
    """The data set, with a bar while it comes."""
    bar = st.empty()

    def show(size: int, total: int | None) -> None:
        share = min(1.0, size / (total or data_set.size))
        bar.progress(share, text=f"{size / 1e6:.1f} of {data_set.size / 1e6:.1f} MB")

    try:
        return load(data_set, show)
    finally:
        bar.empty()


def _paste() -> None:
    with st.form("paste", border=False):
        pasted = st.text_area(
            "Your text",
            height=220,
            max_chars=corpus.MAX_BYTES,
            placeholder=words.PASTE,
            key="pasted_text",
            persist_state="session",  # a look at another source must not empty the box
        )
        if st.form_submit_button("Use this text", type="primary"):
            _try(lambda: corpus.from_paste(pasted or ""))


def _upload() -> None:
    megabytes = corpus.MAX_BYTES / 1e6
    file = st.file_uploader(f"A .txt or .md file, {megabytes:.0f} MB at most", type=["txt", "md"])
    if file is not None and st.session_state.get("last_upload") != file.file_id:
        st.session_state["last_upload"] = file.file_id
        upload = Upload(file.file_id, file.name, file.getvalue())
        _try(lambda: corpus.from_upload(upload.file_name, upload.data), upload)


def _ask_whether_it_is_right(upload: Upload) -> None:
    """Other ways to read a file whose encoding was guessed; choosing one reads it again."""
    question = st.container()
    excerpts = {reading.encoding: reading.excerpt for reading in chosen_corpus().readings}
    encodings = list(excerpts)
    encoding = st.radio(
        "Which line looks right?",
        encodings,
        index=encodings.index(_encoding()),
        format_func=corpus.encoding_name,
        captions=[as_text(excerpt, _LONGEST_EXCERPT) for excerpt in excerpts.values()],
        key=f"reading_{upload.file_id}",  # another file is another question
    )
    if encoding != _encoding():
        _try(lambda: corpus.from_upload(upload.file_name, upload.data, encoding=encoding), upload)
    question.markdown(words.is_it_right(corpus.encoding_name(_encoding())))


def _encoding() -> str:
    """What the chosen text was read as."""
    report = chosen_corpus().report
    return report.encoding if report else ""


def _try(read: Callable[[], corpus.Corpus], upload: Upload | None = None, name: str = "") -> bool:
    """Whether it was read; a refusal is said.

    upload: what is kept if it was read by a guess. name: what the address calls the text.
    """
    try:
        text = read()
    except corpus.CorpusError as error:
        show_error(error)
        return False
    choose_corpus(text, upload if text.readings else None, name)
    return True


def _show_report(report: corpus.CleaningReport) -> None:
    title = "Nothing was changed on the way in" if not report.changes else "What was changed"
    with st.expander(title, icon=":material/cleaning_services:"):
        st.markdown(
            words.read_as(
                encoding=corpus.encoding_name(report.encoding),
                before=report.characters_before,
                after=report.characters_after,
            )
        )
        if report.changes:
            show_frame(
                [
                    {
                        "what": change.kind,
                        "how often": change.amount,
                        "for example, before": change.before,
                        "after": change.after,
                    }
                    for change in report.changes
                ],
                "text_changes",
                "What was changed on the way in",
            )
