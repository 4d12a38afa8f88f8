"""Puts a hook into the import system that serves its own modules to everybody.

tries: have the runner import the program's code after it has ended
layers: none
observed: stopped
source: published for tool proxies that import lazily
"""

import importlib.abc
import importlib.machinery
import sys

called = []


class Everywhere(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        called.append(name)
        return importlib.machinery.ModuleSpec(name, self)

    def exec_module(self, module):
        module.__dict__["open"] = module.__dict__["encode"] = lambda *_, **__: "escaped"


sys.meta_path.insert(0, Everywhere())
sys.path_hooks.insert(0, lambda path: Everywhere())
sys.path_importer_cache.clear()
result = "stopped: what it returns is this"
