"""Choose, paste or upload the text that the lessons use, with a report of what was changed."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

import corpus
from ui.corpus_state import bundled_corpus, choose_corpus, chosen_corpus

_BUNDLED, _PASTE, _UPLOAD = "The bundled sitcom", "Paste a text", "Upload a file"


def text_picker() -> None:
    """Widgets for one of three sources; what is refused is said, what was chosen stays."""
    source = st.radio(
        "Which text?",
        [_BUNDLED, _PASTE, _UPLOAD],
        horizontal=True,
        key="text_source",
        persist_state="session",
    )
    if source == _BUNDLED:
        if chosen_corpus() is not bundled_corpus() and st.button("Use the bundled sitcom again"):
            choose_corpus(None)
    elif source == _PASTE:
        _paste()
    else:
        _upload()
    chosen = chosen_corpus()
    st.success(
        f"The lessons use “{chosen.name}”: {len(chosen.text):,} characters.",
        icon=":material/check_circle:",
    )
    if chosen.report is not None:
        _show_report(chosen.report)
    elif chosen is bundled_corpus():
        st.caption(
            "“The Spin Cycle” is an original sitcom, written for this project and given to the "
            "public domain (CC0)."
        )


def _paste() -> None:
    with st.form("paste", border=False):
        pasted = st.text_area(
            "Your text",
            height=220,
            max_chars=corpus.MAX_BYTES,
            placeholder=f"Paste at least {corpus.MIN_CHARACTERS:,} characters: about a page.",
        )
        if st.form_submit_button("Use this text", type="primary"):
            _try(lambda: corpus.from_paste(pasted or ""))


def _upload() -> None:
    megabytes = corpus.MAX_BYTES / 1e6
    file = st.file_uploader(f"A .txt or .md file, {megabytes:.0f} MB at most", type=["txt", "md"])
    if file is not None and st.session_state.get("last_upload") != file.file_id:
        st.session_state["last_upload"] = file.file_id
        _try(lambda: corpus.from_upload(file.name, file.getvalue()))


def _try(read: Callable[[], corpus.Corpus]) -> None:
    try:
        choose_corpus(read())
    except corpus.CorpusError as error:
        st.error(str(error), icon=":material/error:")


def _show_report(report: corpus.CleaningReport) -> None:
    title = "Nothing was changed on the way in" if not report.changes else "What was changed"
    with st.expander(title, icon=":material/cleaning_services:"):
        st.markdown(
            f"Read as **{report.encoding}**. {report.characters_before:,} characters came in, "
            f"{report.characters_after:,} are used."
        )
        if report.changes:
            st.dataframe(
                [
                    {
                        "what": change.kind,
                        "how often": f"{change.count:,} {change.unit}",
                        "for example, before": change.before,
                        "after": change.after,
                    }
                    for change in report.changes
                ],
                hide_index=True,
            )
