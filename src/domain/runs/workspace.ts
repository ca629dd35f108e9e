// Where a run works.

/** `fresh`: an empty directory of its own. `git`: a clone of its own. `directory`: the user's, on one machine. */
export type WorkspaceSource =
  | { readonly kind: 'fresh' }
  | { readonly kind: 'git'; readonly url: string; readonly ref: string | null }
  | { readonly kind: 'directory'; readonly path: string }
