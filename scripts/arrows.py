"""Import arrows between the packages of app/: `python -m scripts.arrows`, one line an importing package.

An arrow is one package importing from another, however often; imports inside functions count, those under TYPE_CHECKING
and those of the modules directly in app/ do not. pyproject.toml says which arrows may be there ([tool.importlinter]).
"""

from collections.abc import Mapping

import grimp


def arrows() -> Mapping[str, list[str]]:
    """Which packages each package of app/ imports from, by name."""
    graph = grimp.build_graph("app", exclude_type_checking_imports=True, cache_dir=None)
    packages = {name for name in graph.find_children("app") if graph.find_children(name)}

    def package_of(module: str) -> str:
        return ".".join(module.split(".")[:2])

    found: dict[str, set[str]] = {name: set() for name in sorted(packages)}
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            ends = package_of(importer), package_of(imported)
            if ends[0] != ends[1] and set(ends) <= packages:
                found[ends[0]].add(ends[1].removeprefix("app."))
    return {name.removeprefix("app."): sorted(others) for name, others in found.items()}


if __name__ == "__main__":
    table = arrows()
    for name, others in table.items():
        print(f"{name:12} {len(others):2}  {' '.join(others)}")
    print(f"{sum(map(len, table.values()))} arrows between {len(table)} packages")
