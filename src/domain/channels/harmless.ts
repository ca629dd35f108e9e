// Somebody else's Markdown as it may stand in a comment of ours. What people read as code is left as it is; nothing else of it
// does anything: nobody is called and no other issue, nothing is loaded or drawn, links show where they lead, and no HTML is left.

// So much of a text is read at most.
const MAX_SAID = 30_000

/** What becomes of it is no longer than that: comments may have 65,536 characters on GitHub, and more stands in them. */
export const MAX_SHOWN = 50_000

const MAX_LINE = 2_000

/**
 * Ends every block that it begins, and is at most {@link MAX_SHOWN} characters long. Only what every reader of Markdown takes
 * for code is left alone: blocks between fences that stand at the margin or are plainly indented, and spans within one line.
 */
export function harmless(markdown: string): string {
  const text = markdown.replace(/\r\n?/g, '\n').replace(HIDDEN, '')
  let room = Math.min(text.length, MAX_SAID)
  for (;;) {
    const short = room < text.length ? `${cut(text, room)} …` : text
    const shown = escaped(short)
    if (shown.length <= MAX_SHOWN) return shown
    // What is escaped is longer; a cut in the middle of that would be something else.
    room = Math.floor((room * MAX_SHOWN * 0.9) / shown.length)
  }
}

/** The same as one line of prose within a sentence of ours: nothing in it is code. */
export function harmlessLine(text: string): string {
  const line = text.replace(HIDDEN, '').replaceAll(/\s+/g, ' ').trim()
  const short = line.length > MAX_LINE ? `${cut(line, MAX_LINE)} …` : line
  const shown = prose(short, short.includes('$'))
  return shown.replaceAll('`', '\\`')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is left out
const HIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]/g

// Not in the middle of a character.
function cut(text: string, room: number): string {
  return text
    .slice(0, room)
    .replace(/[\ud800-\udbff]$/, '')
    .trimEnd()
}

function escaped(text: string): string {
  const lines = text.split('\n')
  const shown: string[] = []
  let block: string[] = []
  const endBlock = () => {
    shown.push(...spansKept(block))
    block = []
  }
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    const fence = fenceIn(line)
    const end = fence === null ? null : endOf(lines, at, fence)
    if (fence !== null && end !== null) {
      endBlock()
      shown.push(
        undrawn(line, fence),
        ...lines.slice(at + 1, end + 1),
        ...(end < lines.length ? [] : [fence.mark]),
      )
      at = end
    } else if (line.trim() === '') {
      endBlock()
      shown.push(line)
    } else block.push(withoutFence(line))
  }
  endBlock()
  return shown.join('\n')
}

interface Fence {
  readonly indent: number
  /** Of so many backticks or tildes. */
  readonly mark: string
}

function fenceIn(line: string): Fence | null {
  const [, indent = '', mark = ''] = /^( {0,3})(`{3,}(?=[^`]*$)|~{3,})/.exec(line) ?? []
  return mark === '' ? null : { indent: indent.length, mark }
}

// Blocks that a platform draws, with links in them.
const DRAWN = ['mermaid', 'geojson', 'topojson', 'stl', 'math']

// The same fence for a block that is only read. Names may be written by entities, and with something behind them.
function undrawn(line: string, { indent, mark }: Fence): string {
  const bare = indent + mark.length
  const info = line.slice(bare).toLowerCase()
  const isDrawn = /[&\\]/.test(info) || info.split(/[^\w+#-]+/).some((word) => DRAWN.includes(word))
  return isDrawn ? line.slice(0, bare) : line
}

// The line that ends it, or one after the last: a fence at the margin goes on to the end. An indented one may be of an item of
// a list and end with it, so all of its lines have to stand in it beyond doubt; null: they do not.
function endOf(lines: readonly string[], from: number, { indent, mark }: Fence): number | null {
  const inside = ' '.repeat(indent)
  for (let at = from + 1; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    if (line.trim() === '') continue
    if (!line.startsWith(inside)) return null
    const rest = indent === 0 ? line.replace(/^ {1,3}/, '') : line.slice(indent)
    const run = rest.replace(/[ \t]+$/, '')
    if (run.startsWith(mark) && run === mark.charAt(0).repeat(run.length)) return at
    // A reader may take that for the end of an item, or for another fence.
    if (indent > 0 && /^[ \t]*(`{3,}|~{3,})/.test(line)) return null
  }
  return indent === 0 ? lines.length : null
}

// A fence somewhere else, after the mark of a list or a quote: it would swallow what comes after it.
function withoutFence(line: string): string {
  return line.replace(/^((?:[ \t]|[-+*>](?=[ \t>`~])|\d{1,9}[.)](?=[ \t]))*)(?=`{3}|~{3})/, '$1\\')
}

// Spans of code stay where all of a block's are whole within their lines: else a reader may pair them in another way. A bar
// may be the end of a cell of a table.
function spansKept(block: readonly string[]): string[] {
  const parts = block.map(partsOf)
  const areWhole = parts.every((line) => line !== null)
  const isMath = (text: string) => text.includes('$')
  const hasMath = areWhole
    ? parts.some((line) => line.some(({ code, text }) => !code && isMath(text)))
    : block.some(isMath)
  const shown = areWhole
    ? parts.map((line) => line.map(({ code, text }) => (code ? text : besideCode(text, hasMath))).join(''))
    : block.map((line) => prose(line, hasMath))
  return shown.map(lineStart)
}

interface Part {
  readonly code: boolean
  readonly text: string
}

function partsOf(line: string): readonly Part[] | null {
  if (line.includes('\\`')) return null
  const parts: Part[] = []
  let done = 0
  while (done < line.length) {
    const [mark = ''] = /`+/.exec(line.slice(done)) ?? []
    const from = mark === '' ? line.length : line.indexOf(mark, done)
    parts.push({ code: false, text: line.slice(done, from) })
    if (mark === '') break
    const after = from + mark.length
    const length = line.slice(after).search(new RegExp(`(?<!\`)\`{${mark.length}}(?!\`)`))
    if (length === -1) return null
    done = after + length + mark.length
    const text = line.slice(from, done)
    if (text.includes('|')) return null
    parts.push({ code: true, text })
  }
  return parts
}

// A dollar sign at a span of code would make mathematics of it.
function besideCode(text: string, hasMath: boolean): string {
  return prose(text, hasMath)
    .replace(/^(?=\\*\$)/, '\u200b')
    .replace(/\$$/, '$\u200b')
}

function prose(text: string, hasMath: boolean): string {
  const shown = text
    .replace(/&(?=[#\w])/g, '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('![', '\\!\\[')
    // A link shows its address, and a definition of one is none.
    .replace(/\](?=[(:[])/g, ']\\')
    .replace(/@(?=\w)/g, '@\u200b')
    // Another issue would show that this one speaks of it.
    .replace(/#(?=\d)/g, '#\u200b')
    .replace(/\bGH-(?=\d)/gi, '$&\u200b')
    // To Linear the page of a person is a mention.
    .replace(/(linear\.app\/[^/\s]+\/profiles)(?=\/)/gi, '$1\u200b')
  return hasMath ? withoutMath(shown) : shown
}

// Mathematics has commands that make links. Whoever takes an escaped sign for its beginning finds none of them.
function withoutMath(text: string): string {
  return text
    .replace(/\\(?=[a-z])/gi, '\\\u200b')
    .replace(/(?<!\\)(\\*)\$/g, (sign, { length }: string) =>
      length % 2 === 0 ? `${sign.slice(0, -1)}\\$` : sign,
    )
    .replace(/\$(?=`)/g, '$\u200b')
    .replace(/`(?=\\*\$)/g, '`\u200b')
}

function lineStart(line: string): string {
  return line.replace(/^([ \t]*)\//, '$1\\/')
}
