"""People review: server-rendered pages, no scripts, nothing from other hosts."""
