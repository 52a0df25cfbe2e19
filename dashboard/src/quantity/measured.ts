import type { Station } from '../api/types'
import { quantities, type Quantity } from './quantities'

/** What a station measures, or should: by its sensors, by what it last sent, by what it said it could not. */
export function measuredBy(station: Station): readonly Quantity[] {
  const { sensors, last_reading, today } = station
  const found = quantities.filter(
    (quantity) =>
      sensors.some((sensor) => sensor.quantities.includes(quantity)) ||
      last_reading?.values[quantity] !== undefined ||
      last_reading?.faults[quantity] !== undefined ||
      today?.quantities[quantity] !== undefined,
  )
  return found.length > 0 ? found : quantities
}
