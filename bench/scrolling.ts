// Scrolling a list of the console as somebody with a wheel does, frame by frame, and how late the frames were.

import type { Page } from 'playwright-core'

export interface Scrolled {
  /** How far it came. */
  readonly rows: number
  readonly frames: number
  /** More than 50 ms after the one before. */
  readonly late: number
  /** Between two frames, in milliseconds. */
  readonly longest: number
  /** The most there were at a time. */
  readonly inPage: number
}

const ROWS = 5_000
const ROWS_A_FRAME = 8
const LATE_MS = 50
// An end that stays where it is for so long is the end.
const PATIENCE_MS = 3_000

/** Until there are no more rows, or enough were seen. Runs in the page, which is given a text. */
export async function scrollDown(page: Page): Promise<Scrolled> {
  return page.evaluate<Scrolled>(`(async () => {
    const scroller = document.querySelector('[role=grid] > [role=rowgroup]:last-child')
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    const found = { rows: 0, frames: 0, late: 0, longest: 0, inPage: 0 }
    let before = await frame()
    let stoodAt = before
    while (found.rows < ${ROWS}) {
      const top = scroller.scrollTop
      scroller.scrollTop = top + ${ROWS_A_FRAME} * 52
      const now = await frame()
      const gap = now - before
      before = now
      found.frames += 1
      if (gap > ${LATE_MS}) found.late += 1
      found.longest = Math.max(found.longest, gap)
      const rows = [...scroller.querySelectorAll('[data-index]')]
      found.inPage = Math.max(found.inPage, rows.length)
      found.rows = Math.max(found.rows, ...rows.map((row) => Number(row.dataset.index) + 1))
      if (scroller.scrollTop > top) stoodAt = now
      else if (now - stoodAt > ${PATIENCE_MS}) break
    }
    return found
  })()`)
}
