"""Memory: all SQL lives here. `Store` takes and returns domain types; one method is one transaction."""

from monitor.store.review import StoredModel
from monitor.store.store import Store

__all__ = ["Store", "StoredModel"]
