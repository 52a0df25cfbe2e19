"""Remakes vectors.csv: what MetPy and psychrolib say of dew point, heat index and wet bulb.

    python3 -m venv target/oracles && target/oracles/bin/pip install metpy==1.7.1 psychrolib==2.5.0
    target/oracles/bin/python gateway/src/derived/vectors.py > gateway/src/derived/vectors.csv
"""

import csv
import sys

import metpy.calc
import psychrolib
from metpy.units import units

psychrolib.SetUnitSystem(psychrolib.SI)

table = csv.writer(sys.stdout, lineterminator="\n")
table.writerow(["temperature_c", "humidity_pct", "pressure_hpa", "dew_point_c", "heat_index_c", "wet_bulb_c"])
for pressure in (1013.25, 800.0):
    for temperature in [-10, -5, -1, 0, 1, 2.5, *range(5, 41, 2), 40, 43, 45]:
        for humidity in (10, 12, 15, 20, 30, 40, 50, 60, 70, 80, 84, 88, 95, 99, 100):
            t = units.Quantity(float(temperature), "degC")
            dew_point = metpy.calc.dewpoint_from_relative_humidity(t, humidity * units.percent)
            heat_index = metpy.calc.heat_index(t, humidity * units.percent)[0]
            wet_bulb = psychrolib.GetTWetBulbFromRelHum(temperature, humidity / 100, pressure * 100)
            index = getattr(heat_index, "magnitude", heat_index)
            table.writerow([
                temperature,
                humidity,
                pressure,
                f"{float(dew_point.to('degC').magnitude):.3f}",
                "" if temperature * 1.8 + 32 < 80 else f"{float(index):.3f}",
                f"{wet_bulb:.3f}",
            ])
