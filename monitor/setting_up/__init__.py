"""What an installation watches and whom it tells, changed by the page, the API and the command line alike.

Feeds, profiles and playbooks stand in files that people keep (`files.py`); silences in the database.
"""
