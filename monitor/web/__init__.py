"""People review: server-rendered pages, a few scripts of our own, nothing from other hosts."""
