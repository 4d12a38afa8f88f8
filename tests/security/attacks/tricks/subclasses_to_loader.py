"""Loads a module through the importer that every interpreter has among its classes.

tries: import a forbidden module without an import statement
layers: seccomp, landlock, namespaces
observed: stopped
source: crewAI issue 4516 and pull request 4643
"""

importer = next(cls for cls in object.__subclasses__() if cls.__name__ == "BuiltinImporter")
system = importer.load_module("posix").system

status = system("exit 7") >> 8
result = "escaped: a shell ran" if status == 7 else f"stopped: status {status}"
