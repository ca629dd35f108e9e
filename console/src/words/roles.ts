// What is offered to whom. It only spares people a refusal: who may do what is decided by the server.

const MANAGE = ['owner', 'admin']
const RUNS = ['owner', 'admin', 'member']
const AUDIT = ['owner', 'admin', 'auditor']

export function mayManage(role: string): boolean {
  return MANAGE.includes(role)
}

/** Beginning runs, and with them storing credentials that would serve these. */
export function mayBeginRuns(role: string): boolean {
  return RUNS.includes(role)
}

/** What somebody reads who may not read the log: the server's own words, without asking it. */
export const NO_AUDIT = {
  message: 'You may not read the audit log.',
  hint: 'Ask an admin of the organization.',
}

export function mayReadAudit(role: string): boolean {
  return AUDIT.includes(role)
}

/** The installation itself: for owners of the organization that operates it. */
export function mayOperate(role: string, isOperator: boolean): boolean {
  return isOperator && role === 'owner'
}
