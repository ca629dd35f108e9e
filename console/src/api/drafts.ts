// What somebody wrote and has not sent: it is there again when they come back to it, also after the page was loaded anew.
// Only while it is loaded anew the browser keeps it; whoever signs out takes it away.

const KEY = 'claviger.drafts'

const drafts = new Map<string, string>(taken())

// Under a name for what it was written for.
export function draftOf(name: string): string {
  return drafts.get(name) ?? ''
}

export function keepDraft(name: string, text: string): void {
  if (text === '') drafts.delete(name)
  else drafts.set(name, text)
}

export function forgetDrafts(): void {
  drafts.clear()
}

window.addEventListener('pagehide', () => {
  try {
    if (drafts.size > 0) sessionStorage.setItem(KEY, JSON.stringify([...drafts]))
  } catch {
    // A browser that keeps nothing, or not so much.
  }
})

function taken(): [string, string][] {
  try {
    const kept = sessionStorage.getItem(KEY)
    sessionStorage.removeItem(KEY)
    return kept === null ? [] : (JSON.parse(kept) as [string, string][])
  } catch {
    return []
  }
}
