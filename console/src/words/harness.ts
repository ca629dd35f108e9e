// The coding agent programs by the names people know.

const TITLES: Readonly<Record<string, string>> = { claude: 'Claude Code', codex: 'Codex', raw: 'Raw secret' }

export function harnessTitle(harness: string): string {
  return TITLES[harness] ?? harness
}

/** Whom one talks to: Claude, Codex. */
export function harnessName(harness: string): string {
  return harnessTitle(harness).split(' ')[0] ?? harness
}
