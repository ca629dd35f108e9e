// Builds the console into dist/console, from where the server serves it. Addresses in it are relative: the server says
// below which path of a proxy it is reached. No source map, and nothing inline, which the server's policy would refuse.

import tailwind from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

// Runs before anything is painted, so it is no module.
function themeFirst(): Plugin {
  const tag = { tag: 'script', attrs: { src: './theme.js' }, injectTo: 'head' } as const
  return { name: 'theme-first', transformIndexHtml: { order: 'post', handler: () => [tag] } }
}

export default defineConfig({
  base: './',
  plugins: [react(), tailwind(), themeFirst()],
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    target: 'es2023',
    // light-dark() as it is written.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    reportCompressedSize: false,
    // How long a slow machine takes is no warning.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  logLevel: 'warn',
})
