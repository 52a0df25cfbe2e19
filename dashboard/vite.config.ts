import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

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
      output: { entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js') },
    },
  },
  worker: { format: 'es' },
  // In the page and in the service worker, which shares no file with it.
  define: { __KEPT_SINCE__: JSON.stringify('x-minuano-kept-since') },
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
  // The colours are tested as they stand in the style sheet.
  test: { include: ['src/**/*.test.ts'], environment: 'node', css: true },
})
