// What all pages of the server have in common: the frame, the look, the headers, and that no text of others becomes markup.
// No page has a script, so that a strict policy holds.

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
code,pre{font:14px/1.5 ui-monospace,monospace;background:#f3f4f6;border-radius:4px}code{padding:.1em .3em}pre{padding:1rem;overflow:auto}
h2{margin-top:2.5rem;border-top:1px solid #d0d7de;padding-top:1rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #d0d7de}a{color:#0b57d0}
@media(prefers-color-scheme:dark){body{color:#e6e8eb;background:#14171a}code,pre{background:#20252b}a{color:#8ab4f8}td,th,h2{border-color:#39414a}}
form{margin:1.5rem 0;max-width:26rem}label{display:block;margin:.8rem 0 .2rem}input,select{width:100%;box-sizing:border-box;font:inherit;padding:.5rem;border:1px solid #8b949e;border-radius:4px;background:inherit;color:inherit}
button{font:inherit;padding:.5rem 1.2rem;margin:1rem .6rem 0 0;border:1px solid #8b949e;border-radius:4px;background:#0b57d0;color:#fff}button.no{background:none;color:inherit}.error{border-left:4px solid #c5221f;padding:.3rem .8rem}.note{border-left:4px solid #b06000;padding:.3rem .8rem}`

/** Headers of a page. One with a form may send it to this server, or to the one origin that is named, and nowhere else. */
export function htmlHeaders(formTo?: 'self' | { readonly origin: string }): Record<string, string> {
  const form = typeof formTo === 'object' ? formTo.origin : `'${formTo ?? 'none'}'`
  // With `no-referrer` a browser sends a form with `Origin: null`, and who gets it could not tell where it comes from.
  // `same-origin` says no more to anybody else, `strict-origin` nothing but where we are.
  const referrer = formTo === undefined ? 'no-referrer' : formTo === 'self' ? 'same-origin' : 'strict-origin'
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action ${form}; frame-ancestors 'none'`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': referrer,
  }
}

/** A whole page around what is markup already; the title is text. */
export function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>${body}</body></html>`
}

/** Text as markup that shows it. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

/** Markup, which is only made by `html`. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Markup from a template: what is filled in is text, and escaped, unless it is markup itself. */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (string | Markup | readonly Markup[])[]
): Markup {
  const filled = values.map((value) => {
    if (typeof value === 'string') return escapeHtml(value)
    return value instanceof Markup ? value.text : value.map(({ text }) => text).join('')
  })
  return new Markup(strings.map((part, place) => part + (filled[place] ?? '')).join(''))
}

/** A page with one heading, its title. */
export function headedPage(title: string, body: Markup): string {
  return page(title, html`<main><h1>${title}</h1>${body}</main>`.text)
}

/** What went wrong; nothing when nothing did. */
export function problemMarkup(
  error: (Pick<Error, 'message'> & { readonly hint?: string | undefined }) | undefined,
): Markup {
  if (error === undefined) return html``
  return html`<p class="error" role="alert">${error.message} ${error.hint ?? ''}</p>`
}
