import type { Language } from '../i18n/languages'
import { dateIn, zoneOr } from './zone'

const formats = new Map<string, Intl.DateTimeFormat>()

function dateTime(language: Language, zone: string | null | undefined, options: Intl.DateTimeFormatOptions) {
  const timeZone = zoneOr(zone)
  const key = language + timeZone + JSON.stringify(options)
  let format = formats.get(key)
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(language, { ...options, timeZone })))
  return format
}

/** 06:12, in the zone; 06:12:40 where it matters. */
export function formatTime(at: number, zone: string | null | undefined, language: Language, withSeconds = false): string {
  return dateTime(language, zone, { hour: '2-digit', minute: '2-digit', ...(withSeconds && { second: '2-digit' as const }), hourCycle: 'h23' }).format(at)
}

export function formatDay(at: number, zone: string | null | undefined, language: Language): string {
  return dateTime(language, zone, { day: 'numeric', month: 'short' }).format(at)
}

/** 06:12 on the day of `beside`, and with its date on any other. */
export function formatMoment(at: number, beside: number, zone: string | null | undefined, language: Language, withSeconds = false): string {
  const clock = formatTime(at, zone, language, withSeconds)
  const here = zoneOr(zone)
  return dateIn(here, at) === dateIn(here, beside) ? clock : `${formatDay(at, zone, language)}, ${clock}`
}

const ages = new Map<Language, Intl.RelativeTimeFormat>()

/** "4 minutes ago". An age below zero is a clock a moment ahead: it counts as now. */
export function formatAge(age_ms: number, language: Language): string {
  let format = ages.get(language)
  if (!format) ages.set(language, (format = new Intl.RelativeTimeFormat(language, { numeric: 'always' })))
  const seconds = Math.max(0, Math.floor(age_ms / 1_000))
  if (seconds < 60) return format.format(-seconds, 'second')
  if (seconds < 3_600) return format.format(-Math.floor(seconds / 60), 'minute')
  if (seconds < 2 * 86_400) return format.format(-Math.floor(seconds / 3_600), 'hour')
  return format.format(-Math.floor(seconds / 86_400), 'day')
}

/** A date (YYYY-MM-DD) for people: "14 Jul 2026", or the month alone. It has no zone. */
export function formatDate(date: string, as: 'day' | 'month', language: Language): string {
  const at = Date.parse(`${date}T12:00:00Z`)
  if (!Number.isFinite(at)) return date
  if (as === 'month') return dateTime(language, 'UTC', { month: 'long' }).format(at)
  return dateTime(language, 'UTC', { day: 'numeric', month: 'short', year: 'numeric' }).format(at)
}
