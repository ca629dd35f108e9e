import { provePluginKills } from './profiles/plugin-kill.ts'
import { testProofs } from './proving.ts'

testProofs([['kill -9 of a process at each step of a renewal by a plugin', provePluginKills, 1]])
