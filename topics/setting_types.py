"""The types of settings: secrets, addresses, paths, durations; each refuses in a sentence what it cannot read."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, SecretStr, ValidationInfo

from topics.addresses import read_base_url
from topics.calendar_settings import Keep, read_keep
from topics.toml_lines import Wrong
from topics.wrapping import KeyEncryptionKey

HOW_TO_GIVE_A_SECRET = 'write {env = "NAME"} or {file = "path"}, never the secret itself'
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")  # what looks like a name is printed; a mistaken secret is not
_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST_DURATION = timedelta(days=366)
_SERVER = re.compile(r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_KAFKA_PORT = ":9092"
_SHORTEST_KEY_BYTES = 32


def resolve_secret(raw: object, base_folder: Path, environ: Mapping[str, str]) -> str:
    """The secret that `{env = …}` or `{file = …}` points to, without one newline at its end.

    A PEM key in a variable may have its lines separated by a literal backslash and n.

    Raises:
        Wrong: it is given in another way, or is not there, or is empty.
    """
    match raw:
        case {"env": str(name), **others} if not others:
            named = f" {name}" if _VARIABLE.fullmatch(name) else ""
            found, what = environ.get(name, ""), f"the environment variable{named} is not set or is empty; set it"
        case {"file": str(name), **others} if name and not others:
            found, what = _read(base_folder / name), "the file that it names is empty; write the secret to it"
        case _:
            raise Wrong(HOW_TO_GIVE_A_SECRET)
    if not found.strip():
        raise Wrong(what)
    found = found.removesuffix("\n").removesuffix("\r")
    return found.replace("\\n", "\n") if found.startswith("-----BEGIN ") else found


def _read(path: Path) -> str:
    problem = "the file that it names does not exist; a relative path starts at the folder of the configuration file"
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        pass
    except OSError as error:
        problem = f"the file that it names cannot be read ({error.strerror}); allow this user to read it"
    except ValueError:
        problem = "the file that it names is not text; save it in UTF-8, a key in PEM"
    raise Wrong(problem)


def _folder_and_environ(info: ValidationInfo) -> tuple[Path, Mapping[str, str]]:
    context = info.context or {}
    return context.get("folder", Path()), context.get("environ", {})


def secret_of(raw: object, info: ValidationInfo) -> str:
    """What `resolve_secret` finds from where the configuration file stands."""
    return resolve_secret(raw, *_folder_and_environ(info))


def _secret(raw: object, info: ValidationInfo) -> SecretStr:
    return raw if isinstance(raw, SecretStr) else SecretStr(secret_of(raw, info))


def _key_encryption_key(raw: object, info: ValidationInfo) -> KeyEncryptionKey:
    given = secret_of(raw, info)
    try:
        return KeyEncryptionKey.read(given)
    except ValueError as fault:
        raise Wrong(f"{fault}; make one with: openssl rand -base64 32") from None


def read_path(raw: object, info: ValidationInfo) -> Path:
    """A path, absolute; a relative one starts at the configuration file's folder.

    Raises:
        Wrong: it is none.
    """
    if not isinstance(raw, (str, Path)) or not str(raw) or "\0" in str(raw):
        raise Wrong('must be a path; write it in quotes: "…"')
    return (_folder_and_environ(info)[0] / raw).absolute()


def _duration(raw: object) -> timedelta:
    if isinstance(raw, timedelta):
        return raw
    found = _DURATION.fullmatch(raw) if isinstance(raw, str) else None
    duration = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta(0)
    if not timedelta(0) < duration <= _LONGEST_DURATION:
        raise Wrong('must be a duration above zero and up to "366d"; write "500ms", "30s", "10m", "2h" or "1d"')
    return duration


def _bootstrap_servers(raw: object, info: ValidationInfo) -> str:
    given = _folder_and_environ(info)[1].get("KAFKA_BOOTSTRAP_SERVERS") or raw
    where = "" if given is raw else "KAFKA_BOOTSTRAP_SERVERS in the environment, which wins, "
    if given == "":
        raise Wrong('is missing; write "HOST:PORT" or set KAFKA_BOOTSTRAP_SERVERS')
    servers = [server.strip() for server in given.split(",")] if isinstance(given, str) else [""]
    found = [_SERVER.fullmatch(server) for server in servers]
    if not all(server and 0 < int((server[2] or _KAFKA_PORT)[1:]) < 2**16 for server in found):
        raise Wrong(f'{where}must name servers; write "HOST:PORT", several with commas between')
    return ",".join(server[1] + (server[2] or _KAFKA_PORT) for server in found if server)


def _long_enough(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value().encode()) < _SHORTEST_KEY_BYTES:
        raise Wrong(f"must be at least {_SHORTEST_KEY_BYTES} characters that nobody can guess; make it with openssl rand -base64 32")
    return key


Secret = Annotated[SecretStr, BeforeValidator(_secret)]
"""A secret in a connector's settings: `{env = …}` or `{file = …}`, never text (a `SecretStr` made in code passes)."""
BaseUrl = Annotated[str, AfterValidator(read_base_url)]
"""An address that may be called: encrypted, but on loopback."""
ConfiguredPath = Annotated[Path, BeforeValidator(read_path)]
"""A path, absolute; a relative one starts at the configuration file's folder."""
Duration = Annotated[timedelta, BeforeValidator(_duration)]
KeptFor = Annotated[Keep, BeforeValidator(read_keep)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
WrappingKey = Annotated[InstanceOf[KeyEncryptionKey], BeforeValidator(_key_encryption_key)]
Positive = Annotated[int, Field(gt=0)]
BootstrapServers = Annotated[str, BeforeValidator(_bootstrap_servers)]
LongKey = Annotated[Secret, AfterValidator(_long_enough)]
"""A secret that nobody can guess."""
