// The roles that can be given, the least first.

export type Role = 'owner' | 'admin' | 'member' | 'auditor'

export const ROLES: readonly Role[] = ['member', 'auditor', 'admin', 'owner']
