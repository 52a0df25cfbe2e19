import type { Language } from '../i18n/languages'
import { units } from '../preferences/units.svelte'
import type { Quantity } from '../quantity/quantities'
import type { Unit } from '../quantity/units'

const formats = new Map<string, Intl.NumberFormat>()

function number(language: Language, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = language + JSON.stringify(options)
  let format = formats.get(key)
  if (!format) formats.set(key, (format = new Intl.NumberFormat(language, options)))
  return format
}

/** A typographic minus is as wide as a digit, so columns of numbers stay in line. */
function typographic(text: string): string {
  return text.replaceAll('-', '−')
}

/** Light spans five decades: only in the dark is a tenth of a lux worth showing. */
function digits({ symbol, digits }: Unit, value: number): number {
  return symbol === 'lx' && Math.abs(value) < 10 ? 1 : digits
}

/** A value of the gateway's in the unit that the reader chose, without it. */
export function formatValue(quantity: Quantity, value: number, language: Language): string {
  const unit = units.of(quantity)
  const shown = value * unit.factor + unit.offset
  const places = digits(unit, shown)
  const options: Intl.NumberFormatOptions = {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
    useGrouping: unit.grouped,
    signDisplay: 'negative',
  }
  return typographic(number(language, options).format(shown))
}

export function formatWithUnit(quantity: Quantity, value: number, language: Language): string {
  return `${formatValue(quantity, value, language)}\u202f${units.of(quantity).symbol}`
}

/** With one digit more than a card has, for numbers that a person is to check. A change has no offset. */
export function formatExact(quantity: Quantity, value: number, language: Language, isChange = false): string {
  const unit = units.of(quantity)
  const shown = value * unit.factor + (isChange ? 0 : unit.offset)
  const options = { maximumFractionDigits: unit.digits + 1, useGrouping: unit.grouped, signDisplay: 'negative' } as const
  return `${typographic(number(language, options).format(shown))}\u202f${unit.symbol}`
}

/** "90 minutes": seconds in the unit in which people say so many. */
export function formatDuration(seconds: number, language: Language): string {
  const [value, unit] = seconds < 120 ? [seconds, 'second'] : seconds < 7_200 ? [seconds / 60, 'minute'] : [seconds / 3_600, 'hour']
  return number(language, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: unit === 'hour' ? 1 : 0 }).format(value)
}

/** The change as it is shown; its direction is read from the rounded number, so that an arrow never contradicts it. */
export function formatChange(
  quantity: Quantity,
  change: number,
  language: Language,
): { text: string; direction: 'up' | 'down' | 'steady' } {
  const unit = units.of(quantity)
  const shown = change * unit.factor
  const places = digits(unit, shown)
  const rounded = Number(shown.toFixed(places))
  const options: Intl.NumberFormatOptions = {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
    useGrouping: unit.grouped,
    signDisplay: 'exceptZero',
  }
  return {
    text: `${typographic(number(language, options).format(rounded))}\u202f${unit.symbol}`,
    direction: rounded > 0 ? 'up' : rounded < 0 ? 'down' : 'steady',
  }
}

export function formatCount(value: number, language: Language): string {
  return typographic(number(language, { maximumFractionDigits: 0 }).format(value))
}

export function formatBytes(bytes: number, language: Language): string {
  const [value, unit] =
    bytes >= 1 << 20 ? [bytes / (1 << 20), 'MiB'] : bytes >= 1 << 10 ? [bytes / (1 << 10), 'KiB'] : [bytes, 'B']
  return `${number(language, { maximumFractionDigits: value < 10 && unit !== 'B' ? 1 : 0 }).format(value)}\u202f${unit}`
}

export function formatCoordinate(degrees: number, language: Language, [positive, negative]: [string, string]): string {
  const text = number(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(Math.abs(degrees))
  return `${text}°\u202f${degrees < 0 ? negative : positive}`
}
