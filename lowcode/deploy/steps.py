"""What a deploy does to the tables, as values: the whole vocabulary is create table, add column, add and drop index."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from alembic.operations import Operations

from lowcode.deploy.indexes import IndexSpec
from lowcode.search.index import FTS, create_gin


@dataclass(frozen=True, kw_only=True)
class Step:
    """One statement on one table; harmless when it was done before."""

    key: t.ClassVar[str]
    """Message key of the sentence that tells what it does."""
    table: str

    @property
    def params(self) -> Mapping[str, t.Any]:
        """What fills the sentence in."""
        return {"table": self.table}

    def apply(self, op: Operations) -> None:
        """Do it. Raises what the database raises."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True, kw_only=True)
class CreateTable(Step):
    """A table of the app's: records, rows of a subtable, values of a many-valued field, search, history."""

    key: t.ClassVar[str] = "deploy.step.create_table"
    shape: sa.Table = field(compare=False, repr=False)

    def apply(self, op: Operations) -> None:
        # Indexes are steps of their own, so that a table left over from a broken deploy gets them too.
        bare = self.shape.to_metadata(sa.MetaData(naming_convention=self.shape.metadata.naming_convention))
        for index in list(bare.indexes):
            bare.indexes.discard(index)
        connection = op.get_bind()
        connection.execute(sa.schema.CreateTable(bare, if_not_exists=True))
        if FTS in bare.info and connection.dialect.name == "postgresql":
            connection.execute(create_gin(bare))


@dataclass(frozen=True, kw_only=True)
class AddColumn(Step):
    """A nullable column: instant on both databases."""

    key: t.ClassVar[str] = "deploy.step.add_column"
    column: str
    shape: sa.Column[t.Any] = field(compare=False, repr=False)

    @property
    def params(self) -> Mapping[str, t.Any]:
        return {"table": self.table, "column": self.column}

    def apply(self, op: Operations) -> None:
        there = {c["name"] for c in sa.inspect(op.get_bind()).get_columns(self.table)}
        if self.column not in there:
            op.add_column(self.table, sa.Column(self.column, self.shape.type, nullable=True))


@dataclass(frozen=True, kw_only=True)
class BuildIndex(Step):
    """An index; on PostgreSQL without stopping writers when the table is in use."""

    key: t.ClassVar[str] = "deploy.step.build_index"
    spec: IndexSpec
    shape: sa.Table = field(compare=False, repr=False)
    in_use: bool
    """Whether the live version has the table."""

    @property
    def params(self) -> Mapping[str, t.Any]:
        return {"table": self.table, "columns": ", ".join(self.spec.columns), "index": self.spec.name}

    def apply(self, op: Operations) -> None:
        connection = op.get_bind()
        index = self.spec.on(self.shape, connection.dialect)
        concurrently = self.in_use and connection.dialect.name == "postgresql"
        if concurrently:
            index.dialect_options["postgresql"]["concurrently"] = True
        self.shape.indexes.discard(index)
        connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))


@dataclass(frozen=True, kw_only=True)
class DropIndex(Step):
    """An index that nothing asks for any more."""

    key: t.ClassVar[str] = "deploy.step.drop_index"
    name: str

    @property
    def params(self) -> Mapping[str, t.Any]:
        return {"table": self.table, "index": self.name}

    def apply(self, op: Operations) -> None:
        options: dict[str, t.Any] = {"if_exists": True}
        if op.get_bind().dialect.name == "postgresql":
            options["postgresql_concurrently"] = True
        op.drop_index(self.name, table_name=self.table, **options)
