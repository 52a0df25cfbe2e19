

/** Where a key takes the cursor: an index, null for nowhere, undefined when the key means nothing here. */
export function stepped(key: string, cursor: number | null, { seconds }: { seconds: ArrayLike<number> }): number | null | undefined {
  const last = seconds.length - 1
  const from = cursor ?? last + 1
  const large = Math.max(1, Math.round(seconds.length / 24))
  const to = {
    ArrowLeft: from - 1,
    ArrowRight: from + 1,
    ArrowDown: from - 1,
    ArrowUp: from + 1,
    PageDown: from - large,
    PageUp: from + large,
    Home: 0,
    End: last,
  }[key]
  if (key === 'Escape') return null
  return to === undefined ? undefined : Math.max(0, Math.min(last, to))
}
