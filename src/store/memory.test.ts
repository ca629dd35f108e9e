import { describeStore } from './conformance/store.conformance.ts'
import { createMemoryStore } from './memory.ts'

describeStore('memory', async () => ({ store: createMemoryStore() }))
