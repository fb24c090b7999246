"""A script and all that it imports as one module.

Streamlit gives a component's script to the browser under an address of its own (a blob), from which
`import "./x.js"` leads nowhere; and one file is sooner there than twenty.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

# Statements begin at the margin; what stands there inside of a comment or a text is taken for one.
_IMPORT = re.compile(r'^import\s*\{([^{}]*)\}\s*from\s*"([^"]*)";?[ \t]*\n?', re.MULTILINE)
_NAME = re.compile(r"([\w$]+)(?:\s+as\s+([\w$]+))?")
_EXPORT = re.compile(
    r"^export (?=(?:async )?(?:function\b\*?|class|const)\s+([\w$]+))", re.MULTILINE
)
_DEFAULT = re.compile(r"^export default\b", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b(?!\().*", re.MULTILINE)
_DECLARED = re.compile(
    r"^(?:export (?:default )?)?(?:async )?(?:function\b\*?|class|const|let|var)\s+([\w$]+)",
    re.MULTILINE,
)


def read(*paths: Path) -> str:
    """The files' texts, one after the other."""
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def bundle(entry: Path) -> str:
    """A script and all that it imports, as one module that exports what the script exports.

    Every module is there once, after those that it imports, as a function's body: so its names are
    its own. They are imported by name from files nearby, `import { a, b as c } from "./x.js"`, and
    exported where they are declared. Only the script itself may have a default export.

    Raises ValueError for an import or export of another kind, a file that is missing, a name that
    isn't exported or is there twice, and modules that import each other in a circle.
    """
    modules: dict[Path, _Module] = {}
    _collect(entry.resolve(), (), modules)
    numbers = {path: f"__module_{number}" for number, path in enumerate(modules)}
    *parts, script = modules.values()
    return "\n".join([*(part.wrapped(numbers) for part in parts), script.linked(numbers)])


@dataclass
class _Module:
    """One file: what it exports, what it imports as {file: {name here: name there}}, the rest."""

    path: Path
    text: str
    exports: list[str]
    imports: dict[Path, dict[str, str]] = field(default_factory=dict)

    def linked(self, variables: dict[Path, str]) -> str:
        """The text, with its imports taken from variables that hold what modules export."""
        lines = []
        for path, names in self.imports.items():
            wanted = ", ".join(
                here if here == there else f"{there}: {here}" for here, there in names.items()
            )
            lines.append(f"const {{ {wanted} }} = {variables[path]};\n")
        return f"// {self.path.parent.name}/{self.path.name}\n{''.join(lines)}{self.text}"

    def wrapped(self, variables: dict[Path, str]) -> str:
        """The same as a variable that holds what this module exports."""
        text = _EXPORT.sub("", self.linked(variables))
        exports = ", ".join(self.exports)
        return f"const {variables[self.path]} = (() => {{\n{text}\nreturn {{ {exports} }};\n}})();"


def _collect(path: Path, above: tuple[Path, ...], modules: dict[Path, _Module]) -> None:
    """Put a file into modules, after all that it imports. above: who asked for it, from the top."""
    if path in modules:
        return
    module = _parse(path, is_entry=not above)
    for other, names in module.imports.items():
        trail = (*above, path)
        if other in trail:
            circle = " → ".join(p.name for p in (*trail[trail.index(other) :], other))
            raise ValueError(f"These modules import each other in a circle: {circle}.")
        _collect(other, trail, modules)
        for name in names.values():
            if name not in modules[other].exports:
                raise ValueError(
                    f'{path.name} imports "{name}" from {other.name}, which doesn\'t export it.'
                )
    modules[path] = module


def _parse(path: Path, is_entry: bool) -> _Module:
    source = path.read_text(encoding="utf-8")
    text = _IMPORT.sub("", source)
    module = _Module(path, text, _EXPORT.findall(text))
    for listed, where in _IMPORT.findall(source):
        names = {here or there: there for there, here in _NAME.findall(listed)}
        module.imports.setdefault(_target(path, where), {}).update(names)
    known = _DEFAULT.sub("", text) if is_entry else text
    if strange := _OTHER.search(_EXPORT.sub("", known)):
        raise ValueError(f"{path.name} has a statement that can't be bundled: {strange[0]}")
    _check_names(path, source, text)
    return module


def _target(path: Path, where: str) -> Path:
    target = (path.parent / where).resolve()
    if not where.startswith(("./", "../")) or not target.is_file():
        raise ValueError(f'{path.name} imports "{where}", but there is no such file.')
    return target


def _check_names(path: Path, source: str, text: str) -> None:
    """What is imported and declared at the top of a file must have different names."""
    imported = [
        here or there
        for listed, _ in _IMPORT.findall(source)
        for there, here in _NAME.findall(listed)
    ]
    counts = Counter(imported + _DECLARED.findall(text))
    if twice := [name for name, count in counts.items() if count > 1]:
        raise ValueError(f'{path.name} has more than one thing called "{twice[0]}".')
