/** Time zones come from the stations' owners: one that the browser does not know becomes the browser's own. */
const known = new Map<string, string>()

export function zoneOr(zone: string | null | undefined): string {
  const local = Intl.DateTimeFormat().resolvedOptions().timeZone
  if (!zone) return local
  let usable = known.get(zone)
  if (usable === undefined) {
    try {
      new Intl.DateTimeFormat('en', { timeZone: zone })
      usable = zone
    } catch {
      usable = local
    }
    known.set(zone, usable)
  }
  return usable
}

/** The date in a zone as YYYY-MM-DD, which compares as text. */
export function dateIn(zone: string, at: number): string {
  // Sweden writes its dates as ISO 8601 does.
  return new Intl.DateTimeFormat('sv', { timeZone: zoneOr(zone), dateStyle: 'short' }).format(at)
}

/** The moment at which a date (YYYY-MM-DD) begins in a zone; null where it is no date. */
export function midnight(zone: string, date: string): number | null {
  const utc = Date.parse(`${date}T00:00:00Z`)
  if (!Number.isFinite(utc)) return null
  // Twice, since the offset is that of the moment looked for and not of the guess.
  let at = utc
  for (let i = 0; i < 2; i += 1) at = utc - offset(zone, at)
  return at
}

/** How far a zone's clock is ahead of UTC at a moment, in milliseconds. */
function offset(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('sv', { timeZone: zoneOr(zone), dateStyle: 'short', timeStyle: 'medium' }).format(at)
  return Date.parse(`${parts.replace(' ', 'T')}Z`) - Math.floor(at / 1_000) * 1_000
}
