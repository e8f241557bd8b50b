"""An early-warning service for companies that operate across borders.

    feeds.yaml -> due -> fetch -> parse -> items (new only) -> read: language, places, dates
               -> tag -> story -> severity -> match to profiles -> raise or update alerts
               -> notices -> outbox -> deliver -> review -> learn

Each stage is a folder; no stage calls another; `pipeline` runs them in this order.
"""

__version__ = "0.1.0"
