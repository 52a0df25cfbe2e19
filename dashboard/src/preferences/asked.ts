/** What a link asks for in the reader's place: `lang`, `theme` and `units`. It holds for this page and is not kept. */
export function asked(key: string): string | null {
  return new URLSearchParams(globalThis.location?.search ?? '').get(key)
}
