// What a model writes, shaped by its Markdown: headings, lists, code, emphasis. It becomes elements, never markup: HTML in it
// stays text, pictures are links, and a link leads to an address of the web or is text.

import MarkdownIt, { type Token } from 'markdown-it'
import { createElement, memo, type ReactNode } from 'react'
import { OutsideLink } from '../../../ui/button.tsx'

// Longer texts are shown as they are: how long this takes grows faster than they do.
const AT_MOST = 50_000

const reader = new MarkdownIt({ html: false, linkify: true }).disable('image')
reader.linkify.set({ fuzzyLink: false, fuzzyEmail: false })

/** It changes while it is written: an unfinished part is shown as far as it goes. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const nodes = text.length > AT_MOST ? [] : treeOf(reader.parse(text, {}))
  if (nodes.length === 0) return <p className="whitespace-pre-wrap wrap-anywhere">{text}</p>
  return <div className="grid max-w-prose grid-cols-[minmax(0,1fr)] gap-3 wrap-anywhere">{all(nodes)}</div>
})

interface Node {
  /** Its place among its neighbours. */
  readonly key: string
  readonly token: Token
  readonly children: readonly Node[]
}

// The reader gives a flat list in which parts are opened and closed.
function treeOf(tokens: readonly Token[]): readonly Node[] {
  const open: Node[][] = [[]]
  for (const token of tokens) {
    if (token.nesting < 0) {
      open.pop()
      continue
    }
    const children = token.children === null ? [] : [...treeOf(token.children)]
    const neighbours = open.at(-1) ?? []
    neighbours.push({ key: `${neighbours.length} ${token.type}`, token, children })
    if (token.nesting > 0) open.push(children)
  }
  return open[0] ?? []
}

const LOOK: Readonly<Record<string, string>> = {
  p: 'whitespace-pre-wrap',
  h2: 'text-base font-semibold',
  h3: 'text-[0.9375rem] font-semibold',
  h4: 'text-sm font-semibold',
  ul: 'grid list-disc grid-cols-[minmax(0,1fr)] gap-1 pl-6',
  ol: 'grid list-decimal grid-cols-[minmax(0,1fr)] gap-1 pl-6',
  li: 'whitespace-pre-wrap *:not-first:mt-1',
  blockquote: 'grid grid-cols-[minmax(0,1fr)] gap-2 border-l-2 pl-3 text-soft',
  table: 'border-collapse text-sm',
  th: 'border px-2 py-1 text-left font-medium',
  td: 'border px-2 py-1',
}

function all(nodes: readonly Node[]): ReactNode {
  return nodes.map((node) => <One key={node.key} node={node} />)
}

function One({ node: { token, children } }: { node: Node }) {
  const { type, tag, content } = token
  switch (type) {
    case 'text':
      return content
    case 'softbreak':
    case 'hardbreak':
      return '\n'
    case 'code_inline':
      return <code className="rounded bg-sunken px-1 font-mono text-sm">{content}</code>
    case 'fence':
    case 'code_block':
      return (
        <Wide>
          <pre className="w-max min-w-full bg-sunken p-3 font-mono text-sm">
            <code>{content.replace(/\n$/, '')}</code>
          </pre>
        </Wide>
      )
    case 'link_open':
      return <OutsideLink href={String(token.attrGet('href') ?? '')}>{all(children)}</OutsideLink>
    case 'heading_open':
      return made(`h${Math.min(4, Number(tag.slice(1)) + 1)}`, children)
    case 'table_open':
      return <Wide>{made(tag, children)}</Wide>
    case 'ordered_list_open':
      return made(tag, children, { start: Number(token.attrGet('start') ?? '1') })
    case 'inline':
      return all(children)
    case 'hr':
      return <hr />
    default:
      // A paragraph of a list without room between its items is hidden.
      return token.hidden || tag === '' ? (
        <>
          {all(children)}
          {content}
        </>
      ) : (
        made(tag, children)
      )
  }
}

// The tags are the reader's own words; nothing that was written chooses one.
function made(tag: string, children: readonly Node[], more: object = {}): ReactNode {
  return createElement(tag, { className: LOOK[tag], ...more }, all(children))
}

// What is wider than the conversation is moved to and fro in its own place.
function Wide({ children }: { children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls has to be reached by keyboard
    <div tabIndex={0} className="overflow-x-auto rounded-lg border">
      {children}
    </div>
  )
}
