import type { messages } from './languages/en'

type Shape<T> = T extends (...args: infer A) => string
  ? (...args: A) => string
  : T extends string
    ? string
    : { [K in keyof T]: Shape<T[K]> }

/** Every language has exactly English's keys; a missing one does not compile. */
export type Messages = Shape<typeof messages>
