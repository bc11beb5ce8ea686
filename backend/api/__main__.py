"""``python -m backend.api``: the application on the port that the environment says."""

from __future__ import annotations

import uvicorn

from backend.database.location import port

if __name__ == "__main__":
    uvicorn.run("backend.api.main:app", port=port())
