// Whole lines out of a stream of bytes, whatever pieces they come in. What is too long for anybody to read is cut, so that
// a program that floods us costs no more memory than that.

import { StringDecoder } from 'node:string_decoder'

/** In characters; longer than any event that a program of ours writes. */
const LONGEST_LINE = 16 * 1024 * 1024

export interface LineSplitter {
  /** The lines that this piece completes, without their ends. */
  push(piece: Uint8Array): string[]
  /** The last line, when it had no end; null when there is none. */
  end(): string | null
}

/** Lines end in LF or CRLF. Bytes that are no UTF-8 become U+FFFD. */
export function createLineSplitter(longest = LONGEST_LINE): LineSplitter {
  const decoder = new StringDecoder('utf8')
  let parts: string[] = []
  let length = 0
  const keep = (text: string) => {
    const kept = text.slice(0, longest - length)
    if (kept !== '') parts.push(kept)
    length += kept.length
  }
  const take = () => {
    const line = parts.join('')
    parts = []
    length = 0
    return line.endsWith('\r') ? line.slice(0, -1) : line
  }
  return {
    push(piece) {
      const [first = '', ...others] = decoder.write(Buffer.from(piece)).split('\n')
      const lines: string[] = []
      keep(first)
      for (const next of others) {
        lines.push(take())
        keep(next)
      }
      return lines
    },
    end() {
      keep(decoder.end())
      return length === 0 ? null : take()
    },
  }
}
