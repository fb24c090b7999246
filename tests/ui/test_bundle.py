import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.node import program
from ui.components.bundle import bundle, read


@pytest.fixture
def written(tmp_path):
    """Write files, the first of them the entry; returns its path."""

    def write(**files):
        paths = [tmp_path / name.replace("__", "/").replace("_js", ".js") for name in files]
        for path, text in zip(paths, files.values(), strict=True):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return paths[0]

    return write


# Both helpers and the shared one call something `secret`; a is imported by two, and runs once.
TREE = {
    "one__main_js": """
import { a } from "../two/a.js";
import { a as same } from "../two/a.js";
import {
  b as another,
  Box,
} from "./b.js";

const secret = "main";
export const named = `${secret} ${another()}`;
export default function () {
  return [named, a() + same(), new Box().kept, globalThis.loaded];
}
""",
    "one__b_js": """
import { a, LIMIT } from "../two/a.js";
const secret = "b";
function hidden() { return secret; }
export function b() { return `${hidden()} of ${LIMIT}, ${a()}`; }
export class Box { kept = secret; }
""",
    "two__a_js": """
globalThis.loaded = (globalThis.loaded ?? 0) + 1;
const secret = "a";
export const LIMIT = 3;
export const a = () => secret;
""",
}


def test_each_module_stands_once_after_what_it_imports(written):
    text = bundle(written(**TREE))
    assert re.findall(r"^// (.*)$", text, re.MULTILINE) == ["two/a.js", "one/b.js", "one/main.js"]
    assert "import" not in text
    assert re.findall(r"^export .*$", text, re.MULTILINE) == [
        "export const named = `${secret} ${another()}`;",
        "export default function () {",
    ]


def test_the_bundle_does_what_the_modules_do(written, tmp_path):
    entry = written(**TREE)
    bundled = tmp_path / "bundle.js"
    bundled.write_text(bundle(entry), encoding="utf-8")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    code = "const m = await import(process.argv[1]); console.log(JSON.stringify([m.default(), m]))"

    def result(path):
        command = [program(), "--input-type=module", "--eval", code, path.as_uri()]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    said = "main b of 3, a"
    assert result(entry) == result(bundled) == [[said, "aa", "b", 1], {"named": said}]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"a_js": 'import { b } from "./b.js";', "b_js": 'import { a } from "./a.js";'},
            "These modules import each other in a circle: a.js → b.js → a.js.",
        ),
        (
            {"a_js": 'import { b as c } from "./a.js";\nexport const b = 1;'},
            "These modules import each other in a circle: a.js → a.js.",
        ),
        (
            {"a_js": 'import { b } from "./b.js";'},
            'a.js imports "./b.js", but there is no such file.',
        ),
        (
            {"a_js": 'import { b } from "b.js";', "b_js": "export const b = 1;"},
            'a.js imports "b.js", but there is no such file.',
        ),
        (
            {"a_js": 'import { b } from "./b.js";', "b_js": "const b = 1;"},
            'a.js imports "b" from b.js, which doesn\'t export it.',
        ),
        (
            {
                "a_js": 'import { x } from "./b.js";\nimport { x } from "./c.js";',
                "b_js": "export const x = 1;",
                "c_js": "export const x = 2;",
            },
            'a.js has more than one thing called "x".',
        ),
        (
            {"a_js": 'import { b } from "./b.js";\nfunction b() {}', "b_js": "export class b {}"},
            'a.js has more than one thing called "b".',
        ),
        (
            {
                "a_js": 'import { b } from "./b.js";',
                "b_js": "export const b = 1;\nexport default b",
            },
            "b.js has a statement that can't be bundled: export default b",
        ),
        (
            {"a_js": 'import all from "./b.js";', "b_js": ""},
            'a.js has a statement that can\'t be bundled: import all from "./b.js";',
        ),
        # A copy of a variable would not change with it.
        (
            {"a_js": "export let a = 1;"},
            "a.js has a statement that can't be bundled: export let a = 1;",
        ),
    ],
)
def test_what_can_not_be_bundled_is_said(written, files, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        bundle(written(**files))


def test_texts_are_joined(written):
    first = written(a_css="a {}\n", b_css="b {}\n")
    assert read(first.parent / "a_css", first.parent / "b_css") == "a {}\n\nb {}\n"


COMPONENTS = Path(__file__).parents[2] / "ui/components"


@pytest.mark.parametrize("entry", sorted(COMPONENTS.rglob("mount.js")), ids=lambda p: p.parent.name)
def test_every_component_can_be_bundled(entry, tmp_path):
    """Into something that a browser understands and that begins with the default export."""
    bundled = tmp_path / "bundle.mjs"
    bundled.write_text(bundle(entry), encoding="utf-8")
    code = "console.log(typeof (await import(process.argv[1])).default)"
    command = [program(), "--input-type=module", "--eval", code, bundled.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "function\n", done.stderr
