import type { Language } from '../i18n/languages'
import { facts, type Quantity } from '../quantity/quantities'

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
function digits(quantity: Quantity, value: number): number {
  return quantity === 'illuminance_lx' && Math.abs(value) < 10 ? 1 : facts[quantity].digits
}

export function formatValue(quantity: Quantity, value: number, language: Language): string {
  const places = digits(quantity, value)
  const options: Intl.NumberFormatOptions = {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
    useGrouping: facts[quantity].grouped,
    signDisplay: 'negative',
  }
  return typographic(number(language, options).format(value))
}

export function formatWithUnit(quantity: Quantity, value: number, language: Language): string {
  return `${formatValue(quantity, value, language)}\u202f${facts[quantity].unit}`
}

/** The change as it is shown; its direction is read from the rounded number, so that an arrow never contradicts it. */
export function formatChange(
  quantity: Quantity,
  change: number,
  language: Language,
): { text: string; direction: 'up' | 'down' | 'steady' } {
  const places = digits(quantity, change)
  const rounded = Number(change.toFixed(places))
  const options: Intl.NumberFormatOptions = {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
    useGrouping: facts[quantity].grouped,
    signDisplay: 'exceptZero',
  }
  return {
    text: `${typographic(number(language, options).format(rounded))}\u202f${facts[quantity].unit}`,
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
