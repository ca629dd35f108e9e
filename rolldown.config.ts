// Bundles the program: one chunk a command, so that each loads only what it needs.

import { builtinModules } from 'node:module'
import { defineConfig } from 'rolldown'

export default defineConfig({
  input: { claviger: 'src/main.ts' },
  platform: 'node',
  external: [/^node:/, ...builtinModules],
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    cleanDir: true,
    sourcemap: true,
  },
})
