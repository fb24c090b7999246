"""For teachers: three ways through the course, a sheet for each lesson, a worksheet, paper."""

import streamlit as st

from pages.teach import words
from pages.teach.ready import ready
from pages.teach.ways import address_of, parts_of, shares
from ui.app import widgets
from ui.app.course import LessonLike, course_lessons
from ui.services.classes.limits import ClassLimits
from ui.services.jobs import RESULTS_KEPT
from ui.services.runs import is_public
from ui.services.training import training_service
from ui.show.page_url import page_url

# On paper: what is folded is open, every sheet begins on a page, addresses can be read.
_STYLE = """<style>
@media print {
  [data-testid=stSidebar], [data-testid=stHeader], .st-key-teach_way, .st-key-ready {
    display: none !important;
  }
  [class*=st-key-sheet_], .st-key-worksheet, .st-key-privacy { break-before: page; }
  details::details-content { content-visibility: visible !important; height: auto !important; }
  details > div { display: block !important; height: auto !important; visibility: visible; }
  [class*=st-key-sheet_] a::after { content: " " attr(href); font-size: 0.7em; }
}
</style>"""


def in_class() -> None:
    """What a teacher can do while a class looks on."""
    st.header(words.IN_CLASS)
    compares = [lesson.title for lesson in course_lessons() if lesson.compares]
    lines = words.in_class(is_public(), compares)
    st.markdown("\n".join(f"- {line}" for line in lines))


def choose_way() -> str:
    """The way through the course that is looked at."""
    st.header(words.WAYS)
    ways = (words.SHORT, words.TWO, words.WHOLE)
    return widgets.segmented_control(words.WAY, ways, words.SHORT, key="teach_way")


def plan(way: str, parts: list[list[LessonLike]]) -> None:
    """What is done when."""
    for number, part in enumerate(parts, start=1):
        minutes = [lesson.minutes for lesson in part]
        if way == words.WHOLE:
            st.markdown(words.whole(len(part), sum(minutes)))
            continue
        if len(parts) > 1:
            st.markdown(f"**{words.PART.format(number)}**")
        length = words.LENGTH[way]
        st.markdown(words.plan(sum(minutes), length))
        times = zip(part, shares(minutes, length), strict=True)
        st.markdown(" → ".join(f"{lesson.title} **{time}**" for lesson, time in times))


def sheets(lessons: list[LessonLike]) -> None:
    """Everything for the teacher."""
    st.header(words.SHEETS_HEAD)
    for lesson in lessons:
        label, about = words.heading(lesson.title, lesson.minutes), words.SHEETS[lesson.name]
        link = address_of(lesson.name, about.state, page_url())
        with st.container(key=f"sheet_{lesson.name}"), st.expander(label):
            st.markdown(words.sheet(about, link))


def worksheet(lessons: list[LessonLike]) -> None:
    """The exercises without their solutions."""
    with st.container(key="worksheet"):
        st.header(words.WORKSHEET)
        st.caption(words.WORKSHEET_SAYS)
        with st.expander(words.WORKSHEET):
            about = {lesson.title: words.SHEETS[lesson.name] for lesson in lessons}
            st.markdown(words.worksheet(about), unsafe_allow_html=True)


def privacy() -> None:
    """What is stored, where, how long."""
    with st.container(key="privacy"):
        st.header(words.PRIVACY)
        lines = words.privacy(
            training_service().limits.days, is_public(), RESULTS_KEPT, ClassLimits().hours
        )
        st.markdown("\n".join(f"- {line}" for line in lines))


st.html(_STYLE)
st.title(words.TITLE)
st.markdown(words.INTRO)
ready()
in_class()
way = choose_way()
parts = parts_of(way, course_lessons())
plan(way, parts)
chosen = [lesson for part in parts for lesson in part if lesson.name in words.SHEETS]
sheets(chosen)
worksheet(chosen)
privacy()
