import { clock } from '../live/clock.svelte'
import { isNight } from '../sky/sun'
import { asked, forget } from './asked'
import { store, stored } from './stored'
import { themes, type ThemeChoice } from './themes'

const colours = { light: '#f3f5f7', dark: '#0e151b' }

class Theme {
  choice = $state<ThemeChoice>(chosen(asked('theme')) ?? chosen(stored('theme')) ?? 'auto')
  /** Where the sun is looked for. */
  place = $state.raw<{ latitude: number; longitude: number } | null>(null)
  #dark = $state(false)
  /** Every ten minutes is often enough, and keeps the page from being judged each second. */
  readonly #moment = $derived(Math.floor(clock.now / 600_000) * 600_000)
  readonly #night = $derived(this.place ? isNight(this.#moment, this.place.latitude, this.place.longitude) : this.#dark)
  readonly resolved = $derived.by(() => {
    if (this.choice === 'auto') return this.#dark ? 'dark' : 'light'
    if (this.choice === 'sun') return this.#night ? 'dark' : 'light'
    return this.choice
  })

  constructor() {
    const system = matchMedia('(prefers-color-scheme: dark)')
    this.#dark = system.matches
    system.addEventListener('change', ({ matches }) => {
      this.#dark = matches
      this.show()
    })
    this.show()
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice
    store('theme', choice)
    forget('theme')
    this.show()
  }

  /** At once where it was chosen, not in an effect: the charts read the colours from the page when they follow the theme. */
  show(): void {
    document.documentElement.dataset.theme = this.resolved
    document.querySelector('meta[name=theme-color]')?.setAttribute('content', colours[this.resolved])
  }
}

function chosen(word: string | null): ThemeChoice | undefined {
  return themes.find((each) => each === word)
}

export const theme = new Theme()
