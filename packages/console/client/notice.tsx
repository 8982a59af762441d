import { signal } from '@preact/signals'

/** What the last action did, for eyes and screen readers. */
const notice = signal<{ readonly text: string; readonly isFailure: boolean } | undefined>(undefined)

export function say(text: string, isFailure = false): void {
  notice.value = { text, isFailure }
}

export function Notice() {
  const said = notice.value
  return (
    <div class="notice" role="status" aria-live="polite">
      {said !== undefined && (
        <p class={said.isFailure ? 'failure' : 'done'}>
          {said.text}
          <button type="button" class="plain" onClick={() => (notice.value = undefined)}>
            Close
          </button>
        </p>
      )}
    </div>
  )
}
