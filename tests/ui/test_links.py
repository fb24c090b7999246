"""Links from a page to a lesson, as their pages write them."""

import re
from pathlib import Path

from course.lessons import LESSONS
from ui.app import links

PAGES = Path(links.__file__).parents[2] / "pages"
LINK = re.compile(r'page_link\(\s*page_of\("(\w+)"\),\s*label=[^)]*?icon="([^"]*)"')
ARROW = ":material/arrow_forward:"  # of a link that goes on with the same thought


def test_a_link_to_a_lesson_has_its_icon():
    """The menu's. An emoji looks different on every machine."""
    icons = {lesson.name: f":material/{lesson.icon}:" for lesson in LESSONS}
    found = [link for file in PAGES.rglob("*.py") for link in LINK.findall(file.read_text())]
    assert len(found) > 10
    assert [(name, icon) for name, icon in found if icon not in (icons[name], ARROW)] == []
