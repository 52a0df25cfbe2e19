/** What the reader chose, kept by the browser. Storage may be full or forbidden: then the choice lasts as long as the page. */
export function stored(key: string): string | null {
  try {
    return localStorage.getItem(`minuano.${key}`)
  } catch {
    return null
  }
}

export function store(key: string, value: string): void {
  try {
    localStorage.setItem(`minuano.${key}`, value)
  } catch {
    // Nothing to do: the choice is made all the same.
  }
}
