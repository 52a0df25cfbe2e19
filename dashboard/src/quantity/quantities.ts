/** What a station measures, in the order in which the panel shows it. */
export const quantities = ['temperature_c', 'pressure_hpa', 'humidity_pct', 'illuminance_lx'] as const

export type Quantity = (typeof quantities)[number]

interface QuantityFacts {
  /** Unit as written after a number, the same in every language. */
  unit: string
  /** Digits after the decimal point that the sensor's precision earns. */
  digits: number
  /** Pressure is never grouped: 1013.2 hPa, as forecasters write it. */
  grouped: boolean
  /** How far back the trend looks. Three hours is the barometric tendency's period. */
  trendHours: number
  /** The custom property that holds its hue, in app.css. */
  colour: string
}

export const facts: Readonly<Record<Quantity, QuantityFacts>> = {
  temperature_c: { unit: '°C', digits: 1, grouped: true, trendHours: 1, colour: '--temperature' },
  pressure_hpa: { unit: 'hPa', digits: 1, grouped: false, trendHours: 3, colour: '--pressure' },
  humidity_pct: { unit: '%', digits: 1, grouped: true, trendHours: 1, colour: '--humidity' },
  illuminance_lx: { unit: 'lx', digits: 0, grouped: true, trendHours: 1, colour: '--illuminance' },
}

export function isQuantity(key: string): key is Quantity {
  return (quantities as readonly string[]).includes(key)
}
