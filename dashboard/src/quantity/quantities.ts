/** What a station measures, in the order in which the panel shows it. */
export const quantities = ['temperature_c', 'pressure_hpa', 'humidity_pct', 'illuminance_lx'] as const

export type Quantity = (typeof quantities)[number]

/** What the gateway works out from the values. Absent outside a formula's domain. */
export const derivedKeys = ['feels_like_c', 'dew_point_c', 'sea_level_pressure_hpa', 'heat_index_c', 'humidex_c', 'wet_bulb_c'] as const

export type Derived = (typeof derivedKeys)[number]

interface QuantityFacts {
  /** How far back the trend looks. Three hours is the barometric tendency's period. */
  trendHours: number
  /** The custom property that holds its hue, in app.css. */
  colour: string
}

export const facts: Readonly<Record<Quantity, QuantityFacts>> = {
  temperature_c: { trendHours: 1, colour: '--temperature' },
  pressure_hpa: { trendHours: 3, colour: '--pressure' },
  humidity_pct: { trendHours: 1, colour: '--humidity' },
  illuminance_lx: { trendHours: 1, colour: '--illuminance' },
}

export function isQuantity(key: string): key is Quantity {
  return (quantities as readonly string[]).includes(key)
}
