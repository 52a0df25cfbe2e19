/** `auto` is as the system says, `sun` is dark while it is night at the station. */
export const themes = ['auto', 'sun', 'light', 'dark'] as const

export type ThemeChoice = (typeof themes)[number]
