// Whether a text asks us for something: by our handle, as people write it. What is quoted or is code asks for nothing, nor
// does an address of somebody else that begins like ours.

/**
 * The text without the handle; null: we are not mentioned. `handle` is without @. What stays is as it was written, code and
 * quotes too: only where the handle stands is looked at.
 */
export function textAfterMention(text: string, handle: string): string | null {
  const at = mentionIn(text, handle)
  if (at === null) return null
  const before = text.slice(0, at.from)
  const after = text.slice(at.to)
  const isFirst = before.trim() === ''
  return (isFirst ? after.replace(/^[\s,:]+/, '') : `${before}${after.replace(/^[ \t,:]+/, '')}`).trim()
}

interface Range {
  readonly from: number
  readonly to: number
}

function mentionIn(text: string, handle: string): Range | null {
  const wanted = `@${handle.toLowerCase()}`
  const lower = withoutCode(text).toLowerCase()
  for (let from = lower.indexOf(wanted); from !== -1; from = lower.indexOf(wanted, from + 1)) {
    const to = from + wanted.length
    if (isApart(lower, from, to)) return { from, to }
  }
  return null
}

// `me@claviger.example` and `@claviger-two` are others; `@claviger.` ends a sentence.
function isApart(text: string, from: number, to: number): boolean {
  const before = text[from - 1] ?? ' '
  return !/[\w@/.-]/.test(before) && !/^(?:[\w@/-]|\.\w)/.test(text.slice(to, to + 2))
}

// Of the same length: what is code, quoted or a comment of HTML is blank.
function withoutCode(text: string): string {
  const blank = (part: string) => part.replace(/[^\n]/g, ' ')
  return blankedFences(text)
    .replace(/<!--[\s\S]*?(?:-->|$)/g, blank)
    .split(/(\n[ \t]*\n)/)
    .map(withoutSpans)
    .join('')
    .replace(/^ {0,3}>.*$/gm, blank)
    .replace(/^(?: {4}|\t).*$/gm, blank)
}

// Code between two runs of as many backticks, in one paragraph. In one go: it is a stranger's text.
function withoutSpans(paragraph: string): string {
  const runs = [...paragraph.matchAll(/`+/g)].map(({ index, 0: { length } }) => ({ index, length }))
  const later = Map.groupBy(runs, ({ length }) => length)
  let spanned = ''
  let done = 0
  for (const { index, length } of runs) {
    if (index < done) continue
    const same = later.get(length) ?? []
    while (same[0] !== undefined && same[0].index <= index) same.shift()
    const [end] = same
    if (end === undefined) continue
    const to = end.index + length
    spanned += paragraph.slice(done, index) + ' '.repeat(to - index)
    done = to
  }
  return spanned + paragraph.slice(done)
}

function blankedFences(text: string): string {
  let fence: string | null = null
  return text
    .split('\n')
    .map((line) => {
      const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
      const isInside: boolean = fence !== null
      if (fence === null) fence = mark ?? null
      else if (mark?.startsWith(fence) && line.trim() === mark) fence = null
      return isInside || mark !== undefined ? ' '.repeat(line.length) : line
    })
    .join('\n')
}
