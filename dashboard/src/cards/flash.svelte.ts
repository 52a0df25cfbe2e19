import type { Attachment } from 'svelte/attachments'

/** Lights an element up for a moment when its value changes; not on first sight, and not where motion is unwelcome. */
export function flashing(value: () => number | undefined): Attachment<HTMLElement> {
  return (element) => {
    let shown: number | undefined
    $effect(() => {
      const now = value()
      const changed = shown !== undefined && now !== shown
      shown = now
      if (!changed || matchMedia('(prefers-reduced-motion: reduce)').matches) return
      const lit = 'color-mix(in srgb, var(--hue) 22%, transparent)'
      element.animate([{ backgroundColor: lit }, { backgroundColor: 'transparent' }], { duration: 1_400, easing: 'ease-out' })
    })
  }
}
