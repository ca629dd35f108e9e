// An export of an audit log that can be verified without a server: JSON lines. The first says what it is, then comes one for
// each entry, the last says where the log ended, signed.

export const EXPORT_FORMAT = 'claviger audit'
export const EXPORT_VERSION = 1

/** `organization` is its name. */
export function exportHeader(organizationId: string, organization: string, exportedAt: string): string {
  return line({ format: EXPORT_FORMAT, version: EXPORT_VERSION, organizationId, organization, exportedAt })
}

/** The entry as the API shows it. */
export function exportEntry(organizationId: string, entry: object): string {
  return line({ organizationId, ...entry })
}

/** The signed place where the log ended. */
export function exportEnd(end: object): string {
  return line({ end })
}

function line(content: unknown): string {
  return `${JSON.stringify(content)}\n`
}
