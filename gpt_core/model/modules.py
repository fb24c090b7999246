"""PyTorch's list of modules, in which type checkers can see what is what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from torch import nn

Kind = TypeVar("Kind", bound=nn.Module)


class ModuleList(nn.ModuleList, Generic[Kind]):
    """A list of modules of one kind; while a program runs, it is PyTorch's own."""

    if TYPE_CHECKING:

        def __init__(self, modules: Iterable[Kind]) -> None: ...

        def __iter__(self) -> Iterator[Kind]: ...

        @overload
        def __getitem__(self, idx: slice) -> ModuleList[Kind]: ...

        @overload
        def __getitem__(self, idx: int) -> Kind: ...

        def __getitem__(self, idx: int | slice) -> ModuleList[Kind] | Kind: ...
