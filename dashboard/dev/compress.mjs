// Compresses what the build made beside itself: the gateway hands these files out as they are.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url)
for (const name of readdirSync(dist, { recursive: true })) {
  if (!/\.(js|css|html|svg|webmanifest)$/.test(name)) continue
  const file = new URL(name, dist)
  const bytes = readFileSync(file)
  // Smaller ones are not worth it, as in the gateway.
  if (bytes.length < 512) continue
  writeFileSync(new URL(`${name}.br`, dist), brotliCompressSync(bytes))
  writeFileSync(new URL(`${name}.gz`, dist), gzipSync(bytes, { level: 9 }))
}
