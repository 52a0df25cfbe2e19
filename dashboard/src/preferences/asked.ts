/**
 * What a link asks for in the reader's place. It is not kept by the browser but stays in the address, so that a reload
 * (a kiosk's too) shows the same; the reader's own choice ends it.
 */
export const askable = ['lang', 'theme', 'units'] as const

export type Askable = (typeof askable)[number]

const query = new URLSearchParams(globalThis.location?.search ?? '')
const inForce = new Map(askable.flatMap((key) => (query.has(key) ? [[key, query.get(key) ?? '']] : [])) as [Askable, string][])

export function asked(key: Askable): string | null {
  return inForce.get(key) ?? null
}

export function isAskable(key: string): key is Askable {
  return (askable as readonly string[]).includes(key)
}

export function forget(key: Askable): void {
  inForce.delete(key)
}

/** What still stands in the address. */
export function stillAsked(): Iterable<[Askable, string]> {
  return inForce
}
