// Shapes of operations on the installation as a whole. A backup is a file, not JSON; domain/backup.ts says what is in it.

import { z } from 'zod'

export const BACKUP_SCHEMAS = {
  'backup.create': { input: z.strictObject({}), output: z.object({}) },
} as const
