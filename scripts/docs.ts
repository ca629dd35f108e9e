// Writes the generated pages of docs/.

import { writeFileSync } from 'node:fs'
import { renderDocs } from './render-docs.ts'

for (const [name, text] of renderDocs()) {
  writeFileSync(new URL(`../docs/${name}`, import.meta.url), text)
  process.stdout.write(`docs/${name}\n`)
}
