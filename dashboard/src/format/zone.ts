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
