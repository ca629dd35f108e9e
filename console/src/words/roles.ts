// What is offered to whom. It only spares people a refusal: who may do what is decided by the server.

const MANAGE = ['owner', 'admin']
const AUDIT = ['owner', 'admin', 'auditor']

export function mayManage(role: string): boolean {
  return MANAGE.includes(role)
}

export function mayReadAudit(role: string): boolean {
  return AUDIT.includes(role)
}
