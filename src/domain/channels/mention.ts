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
  const bare = withoutCode(text)
  // As long as what is looked for, whatever stands before: lower case of some letters is longer than they are.
  for (const { index: from, 0: found } of bare.matchAll(
    new RegExp(`@${handle.replace(/[.-]/g, '\\$&')}`, 'gi'),
  )) {
    const to = from + found.length
    if (isApart(bare, from, to)) return { from, to }
  }
  return null
}

// `me@claviger.example` and `@claviger-two` are others, `\\@claviger` calls nobody; `@claviger.` ends a sentence.
function isApart(text: string, from: number, to: number): boolean {
  const [before, after] = [text.slice(Math.max(0, from - 2), from), text.slice(to, to + 2)]
  return !/[\p{L}\p{N}_@/.\\-]$/u.test(before) && !/^(?:[\p{L}\p{N}_@/-]|\.[\p{L}\p{N}_])/u.test(after)
}

// Of the same length: what is code, quoted or a comment of HTML is blank.
function withoutCode(text: string): string {
  const blank = (part: string) => part.replace(/[^\n]/g, ' ')
  const lines = blankedFences(text)
    .replace(/^ {0,3}>.*$/gm, blank)
    .replace(/^(?: {4}|\t).*$/gm, blank)
  return withoutSpans(lines).replace(/<(code|pre)\b[\s\S]*?(?:<\/\1>|$)/gi, blank)
}

// Code between two runs of as many backticks, in one paragraph, and comments of HTML: what begins first counts. In one go: it
// is a stranger's text.
function withoutSpans(text: string): string {
  const marks = [...text.matchAll(/`+|<!--|\n[ \t]*(?=\n)/g)].map(({ index, 0: mark }) => ({ index, mark }))
  const later = Map.groupBy(marks, ({ mark }) => (mark.startsWith('\n') ? '\n' : mark))
  const nextOf = (mark: string, after: number) => {
    const same = later.get(mark) ?? []
    while (same[0] !== undefined && same[0].index <= after) same.shift()
    return same[0]?.index ?? text.length
  }
  let bare = ''
  let done = 0
  for (const { index, mark } of marks) {
    if (index < done || mark.startsWith('\n')) continue
    const end = mark === '<!--' ? text.indexOf('-->', index) : nextOf(mark, index)
    const isSpan = mark === '<!--' || end < nextOf('\n', index)
    if (!isSpan || end === text.length) continue
    const to = end === -1 ? text.length : end + (mark === '<!--' ? 3 : mark.length)
    bare += text.slice(done, index) + text.slice(index, to).replace(/[^\n]/g, ' ')
    done = to
  }
  return bare + text.slice(done)
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
