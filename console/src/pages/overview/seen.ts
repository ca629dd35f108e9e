// What the overview is of.

import type { Output } from '../../../../src/api/schemas.ts'

export type Overview = Output<'overview'>
