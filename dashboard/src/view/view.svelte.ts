/** Where the reader is. The address bar holds all of it, so that a link, a reload and the back button restore it. */
import { forget, isAskable, stillAsked } from '../preferences/asked'
import { defaultView, read, written, type Ignored, type View } from './address'

class Shown {
  now = $state.raw<View>(defaultView)
  ignored = $state.raw<Ignored[]>([])

  constructor() {
    this.#read()
    globalThis.addEventListener?.('popstate', () => this.#read())
  }

  /** Goes to a view that differs in this; `replace` leaves no step for the back button. */
  go(change: Partial<View>, replace = false): void {
    this.now = { ...this.now, ...change }
    const address = link(this.now)
    if (replace) history.replaceState(null, '', address)
    else history.pushState(null, '', address)
    if (change.page !== undefined && !replace) scrollTo(0, 0)
  }

  /** A part of the link that could only be judged later, such as a station that does not exist. */
  ignore(key: string, value: string): void {
    this.ignored = [...this.ignored, { key, value }]
  }

  dismiss(): void {
    this.ignored = []
  }

  #read(): void {
    const { view, ignored } = read(globalThis.location?.search ?? '')
    this.now = view
    this.ignored = ignored
    for (const { key } of ignored) if (isAskable(key)) forget(key)
  }
}

export const shown = new Shown()

/** Below the page's own folder, in case a proxy serves the panel under a prefix. */
export function link(view: View): string {
  const query = new URLSearchParams(written(view))
  for (const [key, value] of stillAsked()) query.set(key, value)
  const text = query.toString()
  return text === '' ? location.pathname : `?${text}`
}

/** For an anchor: a plain click stays in the page, any other is the browser's. */
export function leading(change: Partial<View>): { href: string; onclick: (event: MouseEvent) => void } {
  return {
    href: link({ ...shown.now, ...change }),
    onclick: (event) => {
      if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      event.preventDefault()
      shown.go(change)
    },
  }
}
