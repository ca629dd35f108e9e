// Work that is begun by a press. Two presses in one task are one: the page has not yet had a moment to say that it is busy.

import { type UseMutationOptions, type UseMutationResult, useMutation } from '@tanstack/react-query'
import { useCallback, useRef } from 'react'

/** As `useMutation`, but what goes on already is not begun again with the same input. */
export function useOnce<Answer, Input = void>(
  options: UseMutationOptions<Answer, Error, Input>,
): UseMutationResult<Answer, Error, Input> {
  const going = useRef(new Set<string>())
  const mutation = useMutation<Answer, Error, Input>({
    ...options,
    onSettled: (answer, error, input, ...more) => {
      going.current.delete(nameOf(input))
      return options.onSettled?.(answer, error, input, ...more)
    },
  })
  const { mutate } = mutation
  const once = useCallback<typeof mutate>(
    (...given) => {
      const name = nameOf(given[0])
      if (going.current.has(name)) return
      going.current.add(name)
      mutate(...given)
    },
    [mutate],
  )
  return { ...mutation, mutate: once } as UseMutationResult<Answer, Error, Input>
}

function nameOf(input: unknown): string {
  return JSON.stringify(input ?? null)
}
