// How a page looks to every reader: light and dark, wide and on a phone.

import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { accessibilityFaults, PHONE, picture, WIDE } from '../support/browser.ts'

/**
 * Asks axe about each look, once `seen` has resolved, sees that nothing is wider than the window, and keeps a picture. In the
 * dark only colours are others. Leaves the page dark and on a phone.
 */
export async function inEveryLook(page: Page, name: string, seen?: () => Promise<void>): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, viewport] of Object.entries({ wide: WIDE, phone: PHONE })) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize(viewport)
      await seen?.()
      expect(await accessibilityFaults(page, colorScheme === 'light' ? 'all' : 'colours')).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
      await picture(page, `${name}-${size}-${colorScheme}`)
    }
  }
}
