// The group of facts about the installation itself. Part of the port, beside store.ts.

/** Facts about the installation itself, for example the key check value. */
export interface InstallationStore {
  get(name: string): Promise<string | undefined>
  put(name: string, value: string): Promise<void>
  /** Puts it unless there is one; returns what is there then. Of many servers that ask at once one wins. */
  putIfAbsent(name: string, value: string): Promise<string>
  /** Compare-and-set: false when the fact is not `seen`, or not there. */
  swap(name: string, seen: string, value: string): Promise<boolean>
  /** Every fact whose name begins with this (which must not be empty): name → value. */
  beginningWith(prefix: string): Promise<Record<string, string>>
  /** Removing none is no error. */
  remove(name: string): Promise<void>
}

/** What a store is, for its operator. No password is in it. */
export interface StoreDescription {
  readonly engine: 'memory' | 'sqlite' | 'postgres'
  /** Of the engine, as it says itself. */
  readonly version: string
  /** Where it is: a URL without user and password. */
  readonly address: string
  /** What has been done to its tables, by name. */
  readonly migrations: readonly string[]
}
