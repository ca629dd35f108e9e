// Recovery codes as they are shown this once: one a line, to be written down, copied or kept as a file.

import { Button } from '../../../ui/button.tsx'
import { CopyButton } from '../../../ui/copy.tsx'

const FILE = 'claviger-recovery-codes.txt'

export function RecoveryCodes({ codes }: { codes: readonly string[] }) {
  const lines = codes.join('\n')
  return (
    <div className="grid gap-3">
      <p className="text-sm">Each lets you in once, without the app.</p>
      <ol
        aria-label="Recovery codes"
        className="grid gap-x-6 gap-y-1.5 rounded-lg border bg-sunken p-4 font-mono text-sm sm:grid-cols-2"
      >
        {codes.map((code) => (
          <li key={code} className="whitespace-nowrap select-all">
            {code}
          </li>
        ))}
      </ol>
      <div className="flex flex-wrap gap-2">
        <CopyButton text={lines} label="Copy all" />
        <Button onClick={() => keepAsFile(`${lines}\n`)}>Keep as a file</Button>
      </div>
    </div>
  )
}

// It never leaves the browser.
function keepAsFile(text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = address
  link.download = FILE
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
