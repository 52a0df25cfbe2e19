/** Runs something after a burst of pokes has paused, and now and then while the burst lasts. */
export class Pace {
  #quiet: ReturnType<typeof setTimeout> | undefined
  #latest: ReturnType<typeof setTimeout> | undefined
  readonly #run: () => void
  readonly #pause_ms: number
  readonly #atLeastEvery_ms: number

  constructor(run: () => void, pause_ms = 1_000, atLeastEvery_ms = 3_000) {
    this.#run = run
    this.#pause_ms = pause_ms
    this.#atLeastEvery_ms = atLeastEvery_ms
  }

  poke(): void {
    clearTimeout(this.#quiet)
    this.#quiet = setTimeout(() => this.#fire(), this.#pause_ms)
    this.#latest ??= setTimeout(() => this.#fire(), this.#atLeastEvery_ms)
  }

  stop(): void {
    clearTimeout(this.#quiet)
    clearTimeout(this.#latest)
    this.#latest = undefined
  }

  #fire(): void {
    this.stop()
    this.#run()
  }
}
