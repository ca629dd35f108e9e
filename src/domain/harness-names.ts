// The coding agent programs we know, by id and by the name people see.

export const HARNESSES = ['claude', 'codex'] as const

export type HarnessName = (typeof HARNESSES)[number]

export const HARNESS_TITLE: Record<HarnessName, string> = { claude: 'Claude Code', codex: 'Codex' }
