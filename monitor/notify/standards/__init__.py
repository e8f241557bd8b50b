"""Alerts in the forms that other systems read: CAP 1.2, Atom, JSON Feed, STIX 2.1, CSV, JSON Lines, signed bundles.

Facts in, text or bytes out; nothing here reads the store, the network or the clock.
"""
