// A short word that something was done. What went wrong is said where it went wrong, and stays there.

import { Toast as Radix } from 'radix-ui'
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react'
import { IconButton } from './button.tsx'
import { Icon } from './icons.tsx'

interface Said {
  readonly id: number
  readonly text: string
}

const Context = createContext<(text: string) => void>(() => undefined)

/** Says something, for a few seconds. */
export function useToast(): (text: string) => void {
  return useContext(Context)
}

export function Toasts({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState<readonly Said[]>([])
  const say = useCallback((text: string) => {
    setSaid((before) => [...before.slice(-2), { id: (before.at(-1)?.id ?? 0) + 1, text }])
  }, [])
  const forget = (id: number) => setSaid((before) => before.filter((one) => one.id !== id))
  return (
    <Context.Provider value={say}>
      <Radix.Provider label="Note" duration={5000}>
        {children}
        {said.map(({ id, text }) => (
          <Radix.Root
            key={id}
            onOpenChange={(open) => !open && forget(id)}
            className="rise surface flex items-center gap-3 py-2 pr-2 pl-4 text-sm shadow-lg"
          >
            <Icon name="check" className="size-4 text-good" />
            <Radix.Title className="flex-1 wrap-anywhere">{text}</Radix.Title>
            <Radix.Close asChild>
              <IconButton label="Dismiss" icon="cross" />
            </Radix.Close>
          </Radix.Root>
        ))}
        <Radix.Viewport className="fixed inset-x-4 bottom-4 z-50 ml-auto grid max-w-sm gap-2 outline-none" />
      </Radix.Provider>
    </Context.Provider>
  )
}
