"""What changed between two database files, proved exactly: rows, values, keys, integrity.

`compare` reads a backup and a candidate and returns the `Evidence`; `losses` tells what of it is
a loss. It changes neither file, opens no live database and decides nothing about a run.
"""

from drydock.evidence.comparison import compare
from drydock.evidence.crew import (
    ENCODINGS_DIFFER,
    ComparisonStopped,
    EncodingsDiffer,
    NotComparable,
    has_two_encodings,
)
from drydock.evidence.facts import (
    ColumnEvidence,
    Evidence,
    ForeignKeyEvidence,
    NotCompared,
    ObjectChange,
    Options,
    Problem,
    Progress,
    Sample,
    SampleValue,
    SchemaChange,
    SequenceChange,
    TableEvidence,
)
from drydock.evidence.loss import Loss, losses

__all__ = [
    "ENCODINGS_DIFFER",
    "ColumnEvidence",
    "ComparisonStopped",
    "EncodingsDiffer",
    "Evidence",
    "ForeignKeyEvidence",
    "Loss",
    "NotComparable",
    "NotCompared",
    "ObjectChange",
    "Options",
    "Problem",
    "Progress",
    "Sample",
    "SampleValue",
    "SchemaChange",
    "SequenceChange",
    "TableEvidence",
    "compare",
    "has_two_encodings",
    "losses",
]
