"""From the network to items: fetch, parse, politeness, and the list of feeds."""
