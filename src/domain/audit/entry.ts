// The record of one act. Written before a plaintext exists; never holds a value.

export interface AuditEntry {
  readonly id: string
  readonly organizationId: string
  /** Milliseconds since 1970, by the server's clock. */
  readonly at: number
  readonly actorKind: string
  readonly actorId: string
  readonly actorName: string
  /** What was done, for example `lease.create`. */
  readonly action: string
  readonly objectKind: string
  readonly objectId: string
  readonly objectName: string
  readonly outcome: 'allowed' | 'refused'
  /** What changed or why it was refused: names of fields, versions, reasons. Never values. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>
  readonly requestId: string
}
