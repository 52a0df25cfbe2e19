/** The header by which the service worker says since when it has kept an answer, in milliseconds since 1970. */
declare const __KEPT_SINCE__: string
