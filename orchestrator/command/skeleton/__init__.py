"""`erasure connectors new`: the files of a connector in a package of its own, with words where the vendor's facts belong."""

import re
from importlib.resources import files
from pathlib import Path
from string import Template

from orchestrator.command.opening import No, WrongUse
from topics.model import utc_now

_FILES = {
    "pyproject.toml": "pyproject.txt",
    "erasure_{name}/__init__.py": "package.txt",
    "erasure_{name}/connector.py": "connector.txt",
    "erasure_{name}/simulator.py": "simulator.txt",
    "tests/test_{name}.py": "test.txt",
    "docs/{name}.md": "page.txt",
}


def new(name: str, folder: Path | None) -> Path:
    """Write the files of a connector `name` into `folder`, else into `erasure-NAME` here. Returns the folder.

    Raises:
        WrongUse: the name cannot be a connector's.
        No: there is something in the folder already; nothing is written over.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise WrongUse("NAME must be lower-case letters, digits and single underscores, such as my_vendor.")
    target = folder or Path(f"erasure-{name.replace('_', '-')}")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise No(f"There is something at {target} already, and nothing is written over. Give another place with --folder.")
    today = utc_now().date()
    words = {
        "name": name,
        "NAME": name.upper(),
        "Title": "".join(part.capitalize() for part in name.split("_")),
        "dashed": name.replace("_", "-"),
        "today": f"{today.year}, {today.month}, {today.day}",
    }
    for path, template in _FILES.items():
        text = Template(files(__name__).joinpath(template).read_text()).substitute(words)
        place = target / path.format(name=name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return target
