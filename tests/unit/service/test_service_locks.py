import pytest

from drydock.service import locks
from drydock.service.locks import READ, WRITE, Lock

DATABASE, INDEX = 10, 11
PENDING = 0x40000000


def lock(first, last=None, *, exclusive=False, inode=DATABASE):
    return Lock(7, inode, exclusive, first, first if last is None else last)


@pytest.mark.parametrize(
    ("held", "index", "means"),
    [
        ([], None, None),
        ([lock(PENDING + 2, PENDING + 511)], None, READ),
        ([lock(PENDING + 2, PENDING + 511), lock(PENDING + 1, exclusive=True)], None, WRITE),
        ([lock(PENDING, PENDING + 511, exclusive=True)], None, WRITE),
        ([lock(PENDING + 2, PENDING + 511)], INDEX, None),
        ([lock(128, inode=INDEX)], INDEX, None),
        ([lock(123, inode=INDEX), lock(128, inode=INDEX)], INDEX, READ),
        ([lock(120, exclusive=True, inode=INDEX)], INDEX, WRITE),
        ([lock(123, exclusive=True, inode=INDEX)], INDEX, READ),
        ([lock(0, 99, exclusive=True)], None, None),
        ([lock(0, 2**63 - 1, exclusive=True)], None, WRITE),
        ([lock(120, exclusive=True, inode=99)], INDEX, None),
    ],
)
def test_f37_byte_ranges_mean_what_sqlite_means_by_them(held, index, means):
    """Idle, reading and writing are told apart, in both journal modes."""
    assert locks.meaning(held, DATABASE, index) == means


def test_only_granted_posix_locks_are_read():
    """Waiters, flock and lines of another shape are no locks of SQLite."""
    text = """\
1: POSIX  ADVISORY  WRITE 4121 fd:01:1835023 1073741825 1073741825
1: -> POSIX  ADVISORY  WRITE 9 fd:01:1835023 1073741825 1073741825
2: FLOCK  ADVISORY  WRITE 5 00:1a:55 0 EOF
3: OFDLCK ADVISORY  READ -1 00:1a:55 0 EOF
4: POSIX  ADVISORY  READ 6 00:1a:55 0 EOF
nonsense
"""
    assert locks.granted(text) == [
        Lock(4121, 1835023, exclusive=True, first=1073741825, last=1073741825),
        Lock(6, 55, exclusive=False, first=0, last=2**63 - 1),
    ]
