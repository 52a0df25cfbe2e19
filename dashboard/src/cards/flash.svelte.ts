import type { Attachment } from 'svelte/attachments'

/** The share of the hue at its brightest: the unit beside the value has to stay readable. */
export const flash_pct = 16

/** Lights an element up for a moment when its value changes; not on first sight, and not where motion is unwelcome. */
export function flashing(value: () => number | undefined): Attachment<HTMLElement> {
  return (element) => {
    let shown: number | undefined
    $effect(() => {
      const now = value()
      const changed = shown !== undefined && now !== shown
      shown = now
      if (!changed || matchMedia('(prefers-reduced-motion: reduce)').matches) return
      const lit = `color-mix(in srgb, var(--hue) ${flash_pct}%, transparent)`
      element.animate([{ backgroundColor: lit }, { backgroundColor: 'transparent' }], { duration: 1_400, easing: 'ease-out' })
    })
  }
}
