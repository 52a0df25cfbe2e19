import { asked, forget } from '../preferences/asked'
import { store, stored } from '../preferences/stored'
import { languages, load, preferredLanguage, type Language } from './languages'
import type { Messages } from './messages'

class I18n {
  language = $state.raw<Language>('')
  /** Nothing is mounted before `begin` has filled it. */
  t = $state.raw<Messages>({} as Messages)

  async begin(): Promise<void> {
    const known = [asked('lang'), stored('language')].find((each) => each !== null && languages.includes(each))
    await this.#speak(known ?? preferredLanguage(navigator.languages))
  }

  async choose(language: Language): Promise<void> {
    await this.#speak(language)
    store('language', language)
    forget('lang')
  }

  async #speak(language: Language): Promise<void> {
    this.t = await load(language)
    this.language = language
    document.documentElement.lang = language
  }
}

export const i18n = new I18n()
