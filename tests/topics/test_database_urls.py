"""The URL of a company's own database: any that can be spoken to from here, and a sentence for any other."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from topics.database_urls import AnyDatabaseUrl, DatabaseUrl


class Theirs(BaseModel):
    url: AnyDatabaseUrl


class Ours(BaseModel):
    url: DatabaseUrl


def refused(raw: Any, model: type[BaseModel] = Theirs) -> str:
    with pytest.raises(ValidationError) as caught:
        model.model_validate({"url": raw}, context={"folder": Path("/srv"), "environ": {}})
    return caught.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    "url", ["postgresql://shop.internal/shop", "postgresql+psycopg2://h/n", "mysql://h/n", "mariadb+mysqldb://h:3307/n?ssl_ca=/srv/ca.pem"]
)
def test_a_database_of_the_companys_may_be_any(url: str) -> None:
    assert url == Theirs(url=url).url


def test_a_file_starts_at_the_folder_of_the_configuration() -> None:
    read = Theirs.model_validate({"url": "sqlite:///shop.db"}, context={"folder": Path("/srv"), "environ": {}})
    assert "sqlite:////srv/shop.db" == read.url


@pytest.mark.parametrize("url", ["nothing", "3", "unknown://h/n", "oracle://h/n", "mssql+pyodbc://h/n"])
def test_a_database_without_a_dialect_or_a_driver_here_is_refused_with_what_to_do(url: str) -> None:
    assert "install" in refused(url)


def test_a_driver_for_asyncio_is_refused_for_what_it_is() -> None:
    assert "asyncio" in refused("oracle+oracledb_async://h/n")


@pytest.mark.parametrize("url", ["mysql://root:secret@db.internal/shop", "postgresql://db.internal/shop?password=secret"])
def test_a_password_is_never_taken_from_the_file(url: str) -> None:
    told = refused(url)
    assert "holds a password" in told and "secret@" not in told


@pytest.mark.parametrize("url", ["mysql://h/n", "oracle://h/n"])
def test_our_own_stores_are_sqlite_or_postgresql(url: str) -> None:
    assert "no database that is supported" in refused(url, Ours)
