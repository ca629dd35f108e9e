// Opening a page in the browser of whoever sits at this machine.

import { spawn } from 'node:child_process'

/** Does not wait for it; says so when there is no program for it. */
export function openInBrowser(address: string, note: (line: string) => void): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open'
  const child = spawn(program, [address], { detached: true, stdio: 'ignore' })
  child.on('error', () => note(`${program} is not installed; open ${address} yourself.`))
  child.unref()
}
