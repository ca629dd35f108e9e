import { testScripts } from './scripts.ts'

testScripts(2)
