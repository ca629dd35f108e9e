// Text to be taken elsewhere: a command, a code, a link that is shown this once.

import { useState } from 'react'
import { Button, IconButton } from './button.tsx'

export function CopyButton({ text, label, quiet = false }: { text: string; label: string; quiet?: boolean }) {
  const [said, setSaid] = useState('')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setSaid('Copied')
    } catch {
      // Not allowed here, for example over plain http.
      setSaid('Copy it by hand: this browser does not let the page do it')
    }
  }
  return (
    <>
      {quiet ? (
        <IconButton label={label} icon={said === 'Copied' ? 'check' : 'copy'} onClick={() => void copy()} />
      ) : (
        <Button icon={said === 'Copied' ? 'check' : 'copy'} onClick={() => void copy()}>
          {label}
        </Button>
      )}
      <span role="status" className="sr-only">
        {said}
      </span>
    </>
  )
}

/** A line of code with a button that takes it. */
export function Copyable({ text, label }: { text: string; label: string }) {
  return (
    <div className="flex items-center gap-1 rounded-lg border bg-sunken py-1 pr-1 pl-3">
      <code className="min-w-0 flex-1 font-mono text-sm wrap-anywhere">{text}</code>
      <CopyButton text={text} label={label} quiet />
    </div>
  )
}
