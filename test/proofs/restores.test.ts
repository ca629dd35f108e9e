import { prove } from './grants/restores.ts'
import { testProofs } from './proving.ts'

testProofs([['fifty machines and one ended login, and a provider that is down', prove, 1]])
