import { store, stored } from './stored'

export const themes = ['auto', 'light', 'dark'] as const
export type ThemeChoice = (typeof themes)[number]

class Theme {
  choice = $state<ThemeChoice>(themes.find((each) => each === stored('theme')) ?? 'auto')
  #dark = $state(false)
  readonly resolved = $derived(this.choice === 'auto' ? (this.#dark ? 'dark' : 'light') : this.choice)

  constructor() {
    const system = matchMedia('(prefers-color-scheme: dark)')
    this.#dark = system.matches
    system.addEventListener('change', ({ matches }) => {
      this.#dark = matches
      this.#show()
    })
    this.#show()
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice
    store('theme', choice)
    this.#show()
  }

  /** At once, not in an effect: the charts read the colours from the page when they follow the theme. */
  #show(): void {
    document.documentElement.dataset.theme = this.resolved
  }
}

export const theme = new Theme()
