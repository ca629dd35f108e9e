// The generated pages say what the code says, and no link between our pages is broken.

import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { renderDocs } from '../../scripts/render-docs.ts'

const root = join(import.meta.dirname, '../..')

describe('generated pages', () => {
  it.each([...renderDocs().keys()])('docs/%s is in step with the code (npm run docs)', (name) => {
    expect(readFileSync(join(root, 'docs', name), 'utf8')).toBe(renderDocs().get(name))
  })
})

it('the page of credential types ends its sentences once, and says how to sign in', () => {
  const text = renderDocs().get('credential-types.md') ?? ''
  expect(text).not.toMatch(/\.\./)
  expect(text).not.toContain('does not offer')
  for (const harness of ['claude', 'codex'])
    expect(text).toContain(`Made by signing in: \`claviger credential create ${harness} oauth NAME\`.`)
})

describe('links', () => {
  const pages = [...globSync('*.md', { cwd: root }), ...globSync('docs/**/*.md', { cwd: root })]

  it.each(pages)('of %s lead somewhere', (page) => {
    const text = readFileSync(join(root, page), 'utf8').replace(/```[\s\S]*?```/g, '')
    const links = [...text.matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].map(([, target]) => target ?? '')
    const broken = links.filter(
      (link) => !/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(page), link)),
    )
    expect(broken).toEqual([])
  })
})
