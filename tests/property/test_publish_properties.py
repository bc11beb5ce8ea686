"""Whatever the two databases look like, what is published is the candidate, byte for byte."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from drydock import hold, pages, publish
from tests.support.databases import ask, beside

SHAPES = st.fixed_dictionaries(
    {
        "page_size": st.sampled_from([512, 1024, 4096, 16384, 65536]),
        "mode": st.sampled_from(["delete", "wal", "persist", "truncate"]),
        "vacuum": st.sampled_from(["none", "full", "incremental"]),
        "values": st.lists(st.integers(0, 9000), max_size=25),
        "holes": st.booleans(),
        "encoding": st.sampled_from(["UTF-8", "UTF-16le"]),
    }
)


def build(path, shape):
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size={shape['page_size']}")
        db.execute(f"PRAGMA encoding='{shape['encoding']}'")
        db.execute(f"PRAGMA auto_vacuum={shape['vacuum']}")
        db.execute(f"PRAGMA journal_mode={shape['mode']}")
        db.execute('CREATE TABLE "the ""table å" (id INTEGER PRIMARY KEY, v BLOB)')
        db.executemany(
            'INSERT INTO "the ""table å" (v) VALUES (?)', [(bytes(n),) for n in shape["values"]]
        )
        if shape["holes"]:
            db.execute('DELETE FROM "the ""table å" WHERE id % 2')


@settings(max_examples=40, deadline=None)
@given(SHAPES, SHAPES, st.sampled_from(["rename", "backup-api"]), st.booleans())
def test_what_is_published_is_the_candidate(old, new, way, keeps):
    """By either way: its content by digest, no sidecar, the old one whole where it is kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        live, candidate, kept = folder / "l%ve å?.db", folder / "candidate.db", folder / "kept.db"
        build(live, old)
        build(candidate, new)
        if way == "backup-api":
            os.link(live, folder / "second name")
        held = hold.take(live, timeout=0, announce=lambda _: None)
        publish.settle(candidate)
        wanted = pages.content_digest(str(candidate))
        told = []
        done = publish.publish(
            candidate,
            held,
            announce=lambda *a: told.append(a),
            into_wal=True,
            keep_old=kept if keeps else None,
        )
        assert done.way == told[-1][0] == way
        assert pages.content_digest(str(live)) == wanted
        assert ask(live, "PRAGMA integrity_check") == [("ok",)]
        assert beside(live) == beside(candidate) == []
        assert not candidate.exists()
        if keeps:
            count = len(old["values"]) // 2 if old["holes"] else len(old["values"])
            assert ask(kept, 'SELECT count(*) FROM "the ""table å"') == [(count,)]
            assert ask(kept, "PRAGMA integrity_check") == [("ok",)]
