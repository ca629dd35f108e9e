// What is asked of every page of the console finds what nobody could read, or hear.

import { expect, it } from 'vitest'
import { accessibilityFaults } from '../support/browser.ts'
import { useBrowser } from '../support/use-browser.ts'

const browser = useBrowser()

const page = (content: string) =>
  `data:text/html,${encodeURIComponent(`<!doctype html><html lang=en><title>a</title><main><h1>A</h1>${content}</main>`)}`

it.each(['all', 'colours'] as const)('a text of the colour of its ground, asked about %s', async (of) => {
  const open = await browser.open(page('<p style="color:#eee;background:#fff">faint</p>'))
  expect(await accessibilityFaults(open, of)).toEqual([expect.stringMatching(/^color-contrast: /)])
})

it('a button without a name, and none where there is nothing wrong', async () => {
  expect(await accessibilityFaults(await browser.open(page('<button></button>')))).toEqual([
    expect.stringMatching(/^button-name: /),
  ])
  expect(await accessibilityFaults(await browser.open(page('<p>clear</p>')))).toEqual([])
})
