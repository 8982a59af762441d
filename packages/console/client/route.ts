import { signal } from '@preact/signals'
import type { ScreenName } from '../src/contract/screens.ts'

/** The screen that the address names: `#outbox`. */
export const screen = signal<ScreenName>(named())

addEventListener('hashchange', () => {
  screen.value = named()
})

function named(): ScreenName {
  return (location.hash.slice(1) || 'overview') as ScreenName
}
