// Bundles the program, one chunk a command, so that each loads only what it needs; and, apart from it, the entry points
// for other packages: Node.js runs no TypeScript below node_modules.

import { builtinModules } from 'node:module'
import { defineConfig } from 'rolldown'

const external = [/^node:/, ...builtinModules]

const output = {
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
  cleanDir: true,
  sourcemap: true,
} as const

export default defineConfig([
  {
    platform: 'node',
    external,
    input: { claviger: 'src/main.ts' },
    output: { ...output, dir: 'dist' },
  },
  {
    platform: 'node',
    external: [...external, 'vitest'],
    input: { index: 'src/index.ts', client: 'src/client/client.ts', testing: 'src/testing.ts' },
    output: { ...output, dir: 'dist/library' },
  },
])
