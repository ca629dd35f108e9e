// What whoever keeps a console open is told: which lists to read again, never what is in them.

import type { LiveData } from '../../api/live.ts'

export interface LiveNews extends LiveData {
  readonly type: 'ready' | 'changed'
}
