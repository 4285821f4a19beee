"""A person has one pseudonym in a project and another, unrelated one elsewhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.linkage.pseudonyms import (
    PURPOSE,
    assign_pseudonyms,
    key_id,
    new_project_key,
    pseudonym_for,
)


keys = st.binary(min_size=32, max_size=32)


@given(cluster=st.text(max_size=30), one=keys, two=keys)
def test_different_keys_never_agree(cluster, one, two):
    same = pseudonym_for(cluster, key=one) == pseudonym_for(cluster, key=two)
    assert same == (one == two)


@given(one=st.text(max_size=30), two=st.text(max_size=30), key=keys)
def test_different_clusters_never_agree(one, two, key):
    same = pseudonym_for(one, key=key) == pseudonym_for(two, key=key)
    assert same == (one == two)


@given(cluster=st.text(max_size=30), key=keys)
def test_a_pseudonym_is_the_first_128_bits_of_the_hmac(cluster, key):
    digest = hmac.new(key, PURPOSE + cluster.encode(), hashlib.sha256).digest()[:16]
    written = pseudonym_for(cluster, key=key)
    assert re.fullmatch(r"[a-z2-7]{26}", written)
    assert base64.b32decode(written.upper() + "======") == digest


def test_every_row_is_named_and_rows_of_one_cluster_alike(tmp_path):
    rows = [
        ("gp", "1", "c1"),
        ("gp", "2", "c2"),
        ("school", "1", "c1"),
        ("school", "9", "c3"),
    ]
    source, row, cluster = zip(*rows, strict=True)
    path = tmp_path / "clusters.parquet"
    pq.write_table(pa.table({"source": source, "id": row, "cluster": cluster}), path)
    out = assign_pseudonyms(path, key=new_project_key(), out=tmp_path / "p.parquet")
    found = duckdb.sql(f"SELECT source, row_key, pseudonym FROM '{out}'").fetchall()
    assert [each[:2] for each in found] == [each[:2] for each in rows]
    names = [each[2] for each in found]
    assert names[0] == names[2]
    assert len(set(names)) == 3


def test_nothing_of_a_row_or_cluster_is_in_its_pseudonym(tmp_path):
    path = tmp_path / "clusters.parquet"
    pq.write_table(
        pa.table({"source": ["a"], "id": ["secretid"], "cluster": ["secretcluster"]}),
        path,
    )
    out = assign_pseudonyms(path, key=b"k" * 32, out=tmp_path / "p.parquet")
    name = duckdb.sql(f"SELECT pseudonym FROM '{out}'").fetchall()[0][0]
    assert "secret" not in name


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 33])
def test_a_key_of_another_length_is_refused(key):
    with pytest.raises(BadInput, match="32 bytes"):
        pseudonym_for("c", key=key)


def test_a_key_id_names_a_key_without_telling_it():
    key = new_project_key()
    assert re.fullmatch(r"[0-9a-f]{16}", key_id(key))
    assert key_id(key) == key_id(key)
    assert key_id(key) != key_id(new_project_key())
    assert key.hex()[:16] != key_id(key)
