import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

interface Graph {
  getModuleInfo(id: string): { importedIds: readonly string[] } | null
}

/** What `src/main.ts` imports, and what that imports. */
const first = new Set<string>()

/** All that the first page needs is one file: compressed as one, and asked for once. */
function ofFirstPage(id: string, graph: Graph): string | null {
  const look = (each: string): void => {
    if (first.has(each)) return
    first.add(each)
    graph.getModuleInfo(each)?.importedIds.forEach(look)
  }
  if (first.size === 0) look(main)
  return first.has(id) ? 'panel' : null
}

const main = decodeURIComponent(new URL('src/main.ts', import.meta.url).pathname)

export default defineConfig({
  plugins: [svelte()],
  // A path that does not begin with a slash lets a reverse proxy serve the panel below a prefix.
  base: './',
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: 'index.html', sw: 'src/offline/sw.ts' },
      // A service worker governs what lies below it, so it stands at the top, and under a name that stays.
      output: {
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
        codeSplitting: { groups: [{ name: ofFirstPage }] },
      },
    },
  },
  worker: { format: 'es' },
  // In the page and in the service worker, which shares no file with it.
  define: { __KEPT_SINCE__: JSON.stringify('x-minuano-kept-since') },
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
  // The colours are tested as they stand in the style sheet.
  test: { include: ['src/**/*.test.ts'], environment: 'node', css: true },
})
