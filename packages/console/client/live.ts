import { signal, useSignal, type ReadonlySignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { show } from './server.ts'

/** A view that is asked for again and again. */
export interface Live<T> {
  /** The last answer. */
  readonly value?: T
  /** Why there is no newer one. */
  readonly reason?: string
}

/** Grows with every action, which may have changed what is shown. */
const actions = signal(0)

/** Asks for everything that is shown at once, instead of at its time. */
export function lookAnew(): void {
  actions.value += 1
}

/** Keeps a view up to date while its page is seen. */
export function useLive<T>(view: string, everyMs: number): ReadonlySignal<Live<T>> {
  const live = useSignal<Live<T>>({})
  const acted = actions.value
  useEffect(() => {
    let timer: number | undefined
    let hasEnded = false
    const look = async (): Promise<void> => {
      if (!document.hidden) {
        const answer = await show<T>(view)
        if (hasEnded) return
        const { value } = live.peek()
        if (answer.isOk) live.value = { value: answer.value }
        else live.value = { ...(value === undefined ? {} : { value }), reason: answer.reason }
      }
      if (!hasEnded) timer = setTimeout(() => void look(), everyMs)
    }
    void look()
    return () => {
      hasEnded = true
      clearTimeout(timer)
    }
  }, [view, everyMs, acted])
  return live
}
