/** The units that values can be shown in. The gateway knows only the first of each. */
import type { Quantity } from './quantities'

export interface Unit {
  /** As written after a number, the same in every language. */
  readonly symbol: string
  /** shown = value × factor + offset */
  readonly factor: number
  readonly offset: number
  /** Digits after the decimal point that the sensor's precision earns. */
  readonly digits: number
  readonly grouped: boolean
}

const unit = (symbol: string, digits: number, factor = 1, offset = 0, grouped = true): Unit => ({ symbol, factor, offset, digits, grouped })

/** Pressure is never grouped: 1013.2 hPa, as forecasters write it. */
export const temperatureUnits = { c: unit('°C', 1), f: unit('°F', 1, 1.8, 32) } as const
export const pressureUnits = {
  hpa: unit('hPa', 1, 1, 0, false),
  inhg: unit('inHg', 2, 1 / 33.863886667, 0, false),
  mmhg: unit('mmHg', 1, 1 / 1.33322387415, 0, false),
} as const
export const lightUnits = { lx: unit('lx', 0), klx: unit('klx', 2, 0.001) } as const
const percent = unit('%', 1)

export interface Choice {
  temperature: keyof typeof temperatureUnits
  pressure: keyof typeof pressureUnits
  light: keyof typeof lightUnits
}

export const metric: Choice = { temperature: 'c', pressure: 'hpa', light: 'lx' }

export function unitFor(quantity: Quantity, choice: Choice): Unit {
  switch (quantity) {
    case 'temperature_c': return temperatureUnits[choice.temperature]
    case 'pressure_hpa': return pressureUnits[choice.pressure]
    case 'illuminance_lx': return lightUnits[choice.light]
    case 'humidity_pct': return percent
  }
}

/** `f-inhg-klx`, in any order; a word that is no unit gives null. */
export function readChoice(words: string): Choice | null {
  const choice: Choice = { ...metric }
  for (const word of words.split('-')) {
    if (Object.hasOwn(temperatureUnits, word)) choice.temperature = word as Choice['temperature']
    else if (Object.hasOwn(pressureUnits, word)) choice.pressure = word as Choice['pressure']
    else if (Object.hasOwn(lightUnits, word)) choice.light = word as Choice['light']
    else return null
  }
  return choice
}

export function writtenChoice({ temperature, pressure, light }: Choice): string {
  return `${temperature}-${pressure}-${light}`
}
