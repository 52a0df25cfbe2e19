/** Time zones come from the stations' owners: one that the browser does not know becomes the browser's own. */
const local = Intl.DateTimeFormat().resolvedOptions().timeZone
/** To make a format takes a hundred times as long as to use it. */
const known = new Map<string, { zone: string; date: Intl.DateTimeFormat; moment: Intl.DateTimeFormat }>()

function formats(zone: string | null | undefined) {
  const name = zone || local
  let found = known.get(name)
  if (!found) {
    // Sweden writes its dates as ISO 8601 does.
    const made = (timeZone: string) => ({
      zone: timeZone,
      date: new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short' }),
      moment: new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' }),
    })
    try {
      found = made(name)
    } catch {
      found = made(local)
    }
    known.set(name, found)
  }
  return found
}

export function zoneOr(zone: string | null | undefined): string {
  return formats(zone).zone
}

/** The date in a zone as YYYY-MM-DD, which compares as text. */
export function dateIn(zone: string, at: number): string {
  return formats(zone).date.format(at)
}

/** The moment at which a date (YYYY-MM-DD) begins in a zone; null where it is no date. */
export function midnight(zone: string, date: string): number | null {
  const utc = Date.parse(`${date}T00:00:00Z`)
  if (!Number.isFinite(utc)) return null
  // Twice, since the offset is that of the moment looked for and not of the guess.
  const guess = utc - offset(zone, utc)
  const at = utc - offset(zone, guess)
  // Where summer time begins at midnight (Chile, Cuba), the day begins at one.
  return dateIn(zone, at) < date ? guess : at
}

/** How far a zone's clock is ahead of UTC at a moment, in milliseconds. */
function offset(zone: string, at: number): number {
  const parts = formats(zone).moment.format(at)
  return Date.parse(`${parts.replace(' ', 'T')}Z`) - Math.floor(at / 1_000) * 1_000
}
