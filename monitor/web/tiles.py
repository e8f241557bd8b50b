"""The world as a grid of equal tiles: every country as easy to see as any other, each about where a map has it."""

from __future__ import annotations

_GRID = """
.. .. .. .. .. .. .. .. .. .. .. .. .. IS .. .. .. .. .. .. .. FI .. .. .. .. .. ..
.. CA .. .. .. .. .. .. .. .. .. .. .. .. .. NO .. SE .. EE .. .. .. .. .. RU .. ..
.. .. .. .. .. .. .. .. .. .. .. .. .. GB .. DK .. PL LT LV .. .. .. .. .. .. .. ..
.. .. .. .. .. .. .. .. .. .. EU IE .. BE NL DE CZ SK BY UA .. .. .. .. .. .. .. ..
.. .. .. .. .. .. .. .. .. .. .. .. FR LU AT HR HU RO MD .. .. .. KZ .. MN .. .. ..
.. .. .. .. .. .. .. .. .. .. .. .. AD CH SI BA RS BG .. GE .. UZ KG .. .. .. .. ..
.. US .. .. .. .. .. .. .. .. PT ES .. IT ME XK MK TR AM AZ TM TJ .. .. .. KP .. ..
.. .. .. .. .. .. .. .. .. .. .. TN MT AL GR CY LB SY IQ AF .. .. CN .. KR JP .. ..
.. .. .. .. BS .. .. .. MA .. DZ .. LY .. IL PS KW BH IR PK NP BT HK .. .. .. .. ..
MX BZ CU HT DO .. .. SN MR ML .. .. .. .. EG JO SA QA AE IN BD LA MO TW .. .. .. ..
GT HN NI JM TT BB CV GM GN BF BJ NE .. TD .. SD ER DJ YE OM .. MM TH VN PH .. .. ..
.. SV CR PA VE GY .. GW CI GH TG NG CM .. CF .. SS ET SO .. .. LK MY KH .. .. .. ..
.. .. EC CO .. SR .. SL LR .. .. GQ GA CG CD RW UG KE .. .. MV .. SG BN .. .. .. ..
.. .. .. PE .. BR .. .. .. .. .. .. .. .. BI TZ .. SC .. .. .. .. .. ID TL PG SB ..
.. .. .. .. .. .. .. .. .. .. .. .. .. AO .. ZM MW KM .. .. .. .. .. .. .. .. .. VU
.. .. .. .. BO PY .. .. .. .. .. .. .. NA BW ZW MZ MG .. MU .. .. .. .. .. .. .. FJ
.. .. .. .. .. .. .. .. .. .. .. .. .. .. ZA LS SZ .. .. .. .. .. .. AU .. .. .. ..
.. .. .. CL AR UY .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. NZ
"""
TILE = 24  # units of the drawing, gap included
PLACES: dict[str, tuple[int, int]] = {
    code: (column, row)
    for row, line in enumerate(_GRID.strip().splitlines())
    for column, code in enumerate(line.split())
    if code != ".."
}
WIDTH = TILE * (1 + max(column for column, _ in PLACES.values()))
HEIGHT = TILE * (1 + max(row for _, row in PLACES.values()))
