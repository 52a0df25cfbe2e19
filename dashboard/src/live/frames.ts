/**
 * Gathers what arrives and hands it over once a frame, so that thousands of events cost one repaint.
 * A hidden page gets no frames: there a timer takes their place, and a full queue is handed over at once.
 */
export const fullQueue = 5_000

export class Frames<T> {
  #queue: T[] = []
  #cancel: (() => void) | null = null
  readonly #take: (items: T[]) => void
  readonly #schedule: (run: () => void) => () => void

  constructor(take: (items: T[]) => void, schedule: (run: () => void) => () => void = nextFrame) {
    this.#take = take
    this.#schedule = schedule
  }

  push(item: T): void {
    this.#queue.push(item)
    if (this.#queue.length >= fullQueue) this.flush()
    else this.#cancel ??= this.#schedule(() => this.flush())
  }

  flush(): void {
    this.#cancel?.()
    this.#cancel = null
    const items = this.#queue
    this.#queue = []
    if (items.length > 0) this.#take(items)
  }
}

function nextFrame(run: () => void): () => void {
  if (document.visibilityState === 'hidden') {
    const timer = setTimeout(run, 500)
    return () => clearTimeout(timer)
  }
  const frame = requestAnimationFrame(run)
  // A page that is hidden between the request and the frame never gets it.
  const timer = setTimeout(run, 500)
  return () => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
  }
}
