import { asked } from '../preferences/asked'
import { store, stored } from '../preferences/stored'
import { en, type Messages } from './en'
import { languages, preferredLanguage, type Language } from './languages'
import { ptBR } from './pt-BR'

const messages: Record<Language, Messages> = { en, 'pt-BR': ptBR }

class I18n {
  language = $state<Language>(
    languages.find((each) => each === asked('lang')) ??
      languages.find((each) => each === stored('language')) ??
      preferredLanguage(navigator.languages),
  )
  readonly t = $derived(messages[this.language])

  constructor() {
    document.documentElement.lang = this.language
  }

  choose(language: Language): void {
    this.language = language
    document.documentElement.lang = language
    store('language', language)
  }
}

export const i18n = new I18n()
