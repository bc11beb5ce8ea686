from __future__ import annotations

import pytest

from tests.support.project import Project, free_port


@pytest.fixture(params=["wal", "delete"])
def mode(request):
    return request.param


@pytest.fixture
def project(tmp_path, mode):
    """A populated project without a backend, in both journal modes."""
    return Project(tmp_path / "project", mode=mode)


@pytest.fixture
def served(tmp_path, mode):
    """A populated project whose backend runs, in both journal modes."""
    served = Project(tmp_path / "project", mode=mode, port=free_port())
    with served.running():
        yield served
