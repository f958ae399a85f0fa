"""Packages whose files are imported when one of their names is used list all of these names, and no others."""

import importlib

import pytest


@pytest.mark.parametrize("package", ["tersenet", "tersenet.backprop"])
def test_what_a_package_lists_is_what_its_files_hold(package):
    room = importlib.import_module(package)
    files = room._ROOMS if package == "tersenet" else room._FILES
    assert sorted(name for names in files.values() for name in names) == sorted(room.__all__) == sorted(dir(room))
    for module, names in files.items():
        for name in names:
            assert getattr(room, name) is getattr(importlib.import_module(module), name)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        room.nothing  # noqa: B018
