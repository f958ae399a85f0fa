"""Runs a Python file of the user's, and the files beside it, as `python model.py` would.

Files beside it can be imported at any time: at the top, inside a function, in `forward`; also as a package, by a
relative import, and in a circle. Each load is a world of its own: two files called `model.py`, with a `blocks.py`
beside each, do not meet. Nothing is read from or written to `__pycache__`, so what runs is what the file says, and
`files` holds exactly the bytes that ran.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from tersenet.networks.user_modules.user_layout import ModuleLayout
from tersenet.networks.user_modules.user_reads import noting_reads

MOST_READ = 4 * 1024 * 1024  # bytes of a file that the code reads and that is kept with it
_LOCK = threading.RLock()


class UserCode(MetaPathFinder):
    """The modules of one load of a user's file.

    `modules` holds those that were imported, `files` the bytes of each file that ran, by its path under the root, and
    `reads` the paths of the files that were read meanwhile.
    """

    def __init__(self, layout: ModuleLayout) -> None:
        self.layout = layout
        self.modules: dict[str, ModuleType] = {}
        self.files: dict[str, bytes] = {}
        self.reads: set[str] = set()
        first = layout.module.partition(".")[0]
        prefix = "tersenet_user_" if _is_taken(first, loaded_only=bool(layout.packages)) else ""
        self.name = f"{prefix}{layout.module}"
        self.packages = {f"{prefix}{name}": layout.root / folder for name, folder in layout.packages.items()}
        self.builtins = vars(builtins) | {"__import__": self._import}

    def run(self) -> ModuleType:
        """Import the file. What it prints goes to standard error, and it sees no arguments but its own name."""
        if not any(isinstance(each, _Latecomers) for each in sys.meta_path):
            sys.meta_path.insert(0, _Latecomers())
        importlib.invalidate_caches()
        with self.as_own_program():
            module = importlib.import_module(self.name)
        _Latecomers.latest = self
        return module

    @contextmanager
    def as_own_program(self) -> Iterator[None]:
        """The file's modules can be imported; Tersenet's own arguments and its standard output are kept from it."""
        words, sys.argv = sys.argv, [str(self.layout.root / self.layout.entry)]
        try:
            with self._at_work(), redirect_stdout(sys.stderr), noting_reads(self.reads):
                yield
        finally:
            sys.argv = words

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module of this world is; None where it is none of it."""
        root = self.layout.root
        if fullname == self.name:
            return self._spec(fullname, root / self.layout.entry)
        if fullname in self.packages:
            folder = self.packages[fullname]
            if (folder / "__init__.py").is_file():
                return self._spec(fullname, folder / "__init__.py")
            return self._folder(fullname, [str(folder)])
        places = [root / place for place in self.layout.search] if path is None else [Path(place) for place in path]
        tail = fullname.rpartition(".")[2]
        inside = [place for place in places if place.is_relative_to(root)]
        for place in inside:
            for file in (place / tail / "__init__.py", place / f"{tail}.py"):
                if file.is_file():
                    return self._spec(fullname, file)
            for suffix in EXTENSION_SUFFIXES:
                if (file := place / f"{tail}{suffix}").is_file():
                    return importlib.util.spec_from_file_location(
                        fullname, file, loader=ExtensionFileLoader(fullname, str(file))
                    )
        folders = [str(place / tail) for place in inside if any((place / tail).glob("*.py"))]
        if folders and (path is not None or PathFinder.find_spec(fullname) is None):
            return self._folder(fullname, folders)
        return None

    def needed_files(self) -> dict[str, bytes]:
        """What ran, what it imports from beside it but has not yet, and what it read: bytes by path under the root.

        Of what it read, files of a modest size count that are neither hidden nor of an installed package.
        """
        needed, unread = dict(self.files), list(self.files)
        while unread:
            name = unread.pop()
            for file in self._imported_by(name, needed[name]):
                found = file.relative_to(self.layout.root).as_posix()
                if found not in needed:
                    needed[found] = file.read_bytes()
                    unread.append(found)
        for path in map(Path, sorted(self.reads)):
            if not path.is_relative_to(self.layout.root):
                continue
            found = path.relative_to(self.layout.root).as_posix()
            passed_over = any(
                part.startswith((".", "__pycache__")) or "-packages" in part for part in found.split("/")
            )
            if found not in needed and not passed_over and path.is_file() and path.stat().st_size <= MOST_READ:
                needed[found] = path.read_bytes()
        return needed

    def _imported_by(self, name: str, source: bytes) -> Iterator[Path]:
        """The files of this world that a file's imports name, wherever in it they are."""
        package = self._package_of(name)
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            return  # importing it would fail too
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                dotted = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else []
                base = ".".join([*above, *([node.module] if node.module else [])])
                dotted = [base, *(f"{base}.{alias.name}" for alias in node.names if base)]
            else:
                continue
            for each in dotted:
                yield from self._files_of(each)

    def _package_of(self, name: str) -> list[str]:
        """The dotted name, in parts, of the package that a file of this world is in."""
        for module in self.modules.values():
            if getattr(module, "__file__", None) == str(self.layout.root / name):
                package = str(getattr(module, "__package__", "") or "")
                return package.split(".") if package else []
        return list(Path(name).parent.parts)

    def _files_of(self, dotted: str) -> Iterator[Path]:
        """The files that importing a dotted name runs: of each package on the way, and of the module."""
        path: list[str] | None = None
        parts = dotted.split(".")
        for place in range(len(parts)):
            spec = self.find_spec(".".join(parts[: place + 1]), path) if parts[place] else None
            if spec is None:
                return
            if isinstance(spec.loader, _Source):
                yield Path(spec.loader.path)
            path = spec.submodule_search_locations
            if path is None:
                return

    def _spec(self, fullname: str, file: Path) -> ModuleSpec | None:
        is_package = file.name == "__init__.py"
        return importlib.util.spec_from_file_location(
            fullname,
            file,
            loader=_Source(fullname, str(file), self),
            submodule_search_locations=[str(file.parent)] if is_package else None,
        )

    def _folder(self, fullname: str, folders: list[str]) -> ModuleSpec:
        """A folder without `__init__.py`, as a package."""
        spec = ModuleSpec(fullname, _Folder(self), is_package=True)
        spec.submodule_search_locations = folders
        return spec

    def _is_ours(self, name: str) -> bool:
        """Whether a top-level name is a module of this world: beside the file, and not loaded from elsewhere."""
        if name in self.modules:
            return True
        return (name not in sys.modules or self._hides(name)) and self.find_spec(name) is not None

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002 - the names of the built-in function
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """What `import` does in a file of this world: its own files first."""
        names = tuple(fromlist or ())
        if level == 0 and not self._is_ours(name.partition(".")[0]):
            return builtins.__import__(name, globals, locals, names, level)
        dotted = name
        if level:
            package = str((globals or {}).get("__package__") or "")
            dotted = f"{package.rsplit('.', level - 1)[0]}.{name}".rstrip(".")
        loaded = self.modules.get(dotted)
        if loaded is not None and all(hasattr(loaded, each) for each in names):
            return loaded if names or level else self.modules[name.partition(".")[0]]
        with self._at_work():
            return builtins.__import__(name, globals, locals, names, level)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """This world's modules can be imported, in place of others of their names; afterwards all is as before."""
        with _LOCK:
            if sys.meta_path[0] is self:
                yield
                return
            hidden: dict[str, bool] = {}
            aside = {}
            for name in tuple(sys.modules):
                top = name.partition(".")[0]
                if top not in hidden:
                    hidden[top] = top in self._tops() or self._hides(top)
                if hidden[top]:
                    aside[name] = sys.modules.pop(name)
            sys.modules.update(self.modules)
            sys.meta_path.insert(0, self)
            try:
                yield
            finally:
                sys.meta_path.remove(self)
                for name in self.modules:
                    sys.modules.pop(name, None)
                sys.modules.update({name: module for name, module in aside.items() if _owner(module) is None})

    def _tops(self) -> set[str]:
        """The top-level names of the modules that were imported."""
        return {name.partition(".")[0] for name in self.modules}

    def _hides(self, top: str) -> bool:
        """Whether a loaded module is not to be seen here, since the file that is beside is meant.

        So it is for a module of another world, and for one that the caller imported from a file of this name: only
        what is installed, or Python's own, is the same for all.
        """
        loaded = sys.modules.get(top)
        if _owner(loaded) is not None:
            return True
        file = _fact(loaded, "__file__")
        if not isinstance(file, str) or top in sys.stdlib_module_names or top in ("tersenet", "__main__"):
            return False
        return "-packages" not in file and self.find_spec(top) is not None  # site-packages, dist-packages


class _Source(SourceFileLoader):
    """Compiles a file of a world from its text, never from `__pycache__`, and notes what ran."""

    def __init__(self, fullname: str, path: str, world: UserCode) -> None:
        super().__init__(fullname, path)
        self.world = world

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.path)
        self.world.files[Path(self.path).relative_to(self.world.layout.root).as_posix()] = source
        code: CodeType = self.source_to_code(source, self.path)
        return code

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.world.modules.get(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        if self.world.modules.get(module.__name__) is module:
            return  # `pickle` imports it once more, by its name
        module.__dict__["__builtins__"] = self.world.builtins
        self.world.modules[module.__name__] = module
        try:
            super().exec_module(module)
        except BaseException:
            self.world.modules.pop(module.__name__, None)
            raise


class _Folder(Loader):
    """A folder without `__init__.py`: a package in which nothing runs."""

    def __init__(self, world: UserCode) -> None:
        self.world = world

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.world.modules.get(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        self.world.modules[module.__name__] = module


class _Latecomers(MetaPathFinder):
    """For imports that go past the statement, as `importlib.import_module` in `forward` does.

    What is in a package of a world is that world's; a top-level name that is in no other world is the latest world's.
    """

    latest: UserCode | None = None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where the module is, in a world."""
        parent = fullname.rpartition(".")[0]
        if parent:
            world = _owner(sys.modules.get(parent))
            return world.find_spec(fullname, path, target) if world else None
        found = self.latest.find_spec(fullname, path, target) if self.latest else None
        known = found is not None and (fullname in sys.builtin_module_names or PathFinder.find_spec(fullname))
        return None if known else found


def last_place(error: BaseException) -> str | None:
    """The file and line where an error came up; None where it came from nowhere in Python."""
    places = traceback.extract_tb(error.__traceback__)
    return f"{places[-1].filename}, line {places[-1].lineno}" if places else None


def _owner(module: ModuleType | None) -> UserCode | None:
    """The world that a module belongs to; None for all others."""
    loader = getattr(_fact(module, "__spec__"), "loader", None)
    return loader.world if isinstance(loader, (_Source, _Folder)) else None


def _fact(module: ModuleType | None, name: str) -> Any:
    """What a module says of itself, without waking one that makes up its attributes."""
    return getattr(module, "__dict__", {}).get(name)


def _is_taken(name: str, *, loaded_only: bool) -> bool:
    """Whether a name is that of a module from elsewhere that is loaded, or, unless `loaded_only`, installed."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        return _owner(loaded) is None
    return not loaded_only and (name in sys.stdlib_module_names or PathFinder.find_spec(name) is not None)
